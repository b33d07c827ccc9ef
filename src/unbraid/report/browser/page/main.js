// The page: what is picked, what is listed, and in which order.
class Browser {
  constructor(index) {
    this.store = new Store(index);
    this.state = { side: 0, latent: null, measure: 0, falling: true, group: -1, words: "", marked: new Set() };
    this.marks = index.sides.map(() => new Set());
    const pick = (latent) => this.go(this.state.side, latent);
    this.list = new List(this.store, pick);
    this.map = new LatentMap(this.store, pick);
    this.latent = new LatentView(this.store);
    this.controls();
    listen(this);
    window.addEventListener("hashchange", () => this.follow());
    at("notes").replaceChildren(...index.notes.map((note) => make("p", {}, note)));
    this.follow();
  }

  controls() {
    const sides = this.store.sides.map((side, i) => make("label", { class: `k-${COLOURS[i]}` },
      make("input", { type: "radio", name: "side", value: i, onchange: () => this.turn(i) }), make("i", {}), side.name));
    at("sides").replaceChildren(...sides);
    at("sides").hidden = sides.length < 2;
    document.body.classList.toggle("alone", sides.length < 2);
    at("search").addEventListener("input", () => this.change({ words: at("search").value }));
    at("group").addEventListener("change", () => this.change({ group: Number(at("group").value) }));
    at("sort").addEventListener("change", () => this.sortBy(Number(at("sort").value)));
    at("direction").addEventListener("click", () => this.change({ falling: !this.state.falling }));
    at("save").addEventListener("click", () => this.save());
    at("ask").addEventListener("click", help);
    theme(() => (this.map.paint(), document.querySelectorAll("canvas.heat").forEach((canvas) => canvas.paint())));
  }

  // Read the address, and show what it names; the first of the list where it names nothing.
  follow() {
    const found = /^#([ab])(\d+)$/.exec(location.hash);
    const side = found ? "ab".indexOf(found[1]) : 0, latent = found ? Number(found[2]) : null;
    const there = side < this.store.sides.length && latent !== null && latent < this.store.sides[side].size;
    this.open(there ? side : 0);
    this.show(there ? latent : this.list.order[0] ?? null);
  }

  go(side, latent, quietly = false) {
    const address = `#${"ab"[side]}${latent}`;
    if (quietly) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.open(side);
    this.show(latent);
  }

  open(side) {
    if (this.opened === side) return;
    this.opened = side;
    const of = this.store.sides[side], keep = this.state.measure;
    const measure = of.measures[keep] ? keep : 0;
    Object.assign(this.state, { side, latent: null, measure, group: -1, marked: this.marks[side] });
    at("sides").querySelectorAll("input").forEach((input, i) => (input.checked = i === side));
    const options = (list) => list.map(([value, text]) => make("option", { value }, text));
    at("group").replaceChildren(...options([[-1, "all"], ...of.groups.map((each, i) => [i, each.name])]));
    at("sort").replaceChildren(...options([...of.measures.map((each, i) => [i, each.name]), [-1, "number"]]));
    at("sort").value = String(measure);
    this.refresh();
  }

  turn(side = 1 - this.state.side) {
    if (side === this.state.side || !this.store.sides[side]) return;
    const { latent } = this.state, { partner } = this.store.sides[this.state.side];
    const mate = partner && latent !== null ? partner[latent] : -1;
    this.open(side);
    this.go(side, mate >= 0 ? mate : this.list.order[0] ?? 0);
  }

  match() {
    const { partner } = this.store.sides[this.state.side];
    if (partner && partner[this.state.latent] >= 0) this.go(1 - this.state.side, partner[this.state.latent]);
  }

  mark() {
    const { latent, marked } = this.state;
    if (latent === null) return;
    if (!marked.delete(latent)) marked.add(latent);
    this.list.paint();
    this.counted();
  }

  // Hide what is laid over pictures and words, or show it again.
  bare() {
    const hidden = document.body.classList.toggle("bare");
    document.querySelectorAll(".scale button").forEach((button) => (button.textContent = hidden ? "Show" : "Hide"));
  }

  move(steps) {
    if (this.list.order.length) this.go(this.state.side, this.list.beside(this.state.latent, steps), true);
  }

  sortBy(measure) {
    const of = this.store.sides[this.state.side].measures[measure];
    this.change({ measure, falling: of ? of.falling : false });
  }

  change(what) {
    Object.assign(this.state, what);
    this.list.node.scrollTop = 0;
    this.refresh();
  }

  refresh() {
    const order = ordered(this.store.sides[this.state.side], this.state);
    at("direction").textContent = this.state.falling ? "↓" : "↑";
    const by = this.store.sides[this.state.side].measures[this.state.measure];
    at("by").textContent = by ? by.name : "";
    this.list.show(this.state, order);
    this.map.show(this.state, order);
    this.counted();
  }

  counted() {
    const all = this.store.sides[this.state.side].size, shown = this.list.order.length, marks = this.state.marked.size;
    at("count").textContent = `${shown < all ? `${count(shown)} of ` : ""}${count(all)} latents${marks ? `, ${count(marks)} marked` : ""}`;
    at("save").textContent = marks ? "Save marked as CSV" : "Save as CSV";
  }

  show(latent) {
    this.state.latent = latent;
    this.list.reveal(latent);
    this.list.paint();
    this.map.ring();
    if (latent !== null) this.latent.show(this.state.side, latent);
  }

  save() {
    const { side, marked } = this.state, of = this.store.sides[side], other = this.store.sides[1 - side];
    const latents = marked.size ? [...marked].sort((a, b) => a - b) : this.list.order;
    download("latents.csv", table(of, latents, other ? other.name : ""));
  }
}

// The latents of a side that are asked for, in the order asked for; unknown numbers last.
function ordered(side, { measure, falling, group, words }) {
  const asked = conditions(side, words);
  const found = [];
  for (let latent = 0; latent < side.size; latent++) {
    if ((group < 0 || side.group[latent] === group) && asked.every((holds) => holds(latent))) found.push(latent);
  }
  const values = side.measures[measure] ? side.measures[measure].values : null;
  if (!values) return falling ? found.reverse() : found;
  const key = (latent) => (values[latent] === null ? -Infinity : falling ? values[latent] : -values[latent]);
  return found.sort((a, b) => key(b) - key(a) || a - b);
}

function conditions(side, words) {
  return words.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const [, name, sign, number] = /^([\w ]+)([<>])(-?[\d.]+)$/.exec(word) || [];
    const by = side.measures.find((each) => each.name.toLowerCase() === name);
    if (by) return (latent) => by.values[latent] !== null && (sign === ">" ? by.values[latent] > Number(number) : by.values[latent] < Number(number));
    if (/^\d+$/.test(word)) return (latent) => String(latent) === word || (side.labels[latent] || "").toLowerCase().includes(word);
    return (latent) => (side.labels[latent] || "").toLowerCase().includes(word);
  });
}

// Light or dark: as the system has it, until the button says otherwise; kept with the report's.
function theme(changed) {
  const root = document.documentElement, button = at("theme"), system = matchMedia("(prefers-color-scheme:dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const say = () => {
    button.textContent = dark() ? "Light" : "Dark";
    changed();
  };
  try {
    const kept = localStorage.getItem("unbraid-theme");
    if (kept) root.dataset.theme = kept;
  } catch { /* a browser that keeps nothing */ }
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try {
      localStorage.setItem("unbraid-theme", root.dataset.theme);
    } catch { /* the same */ }
    say();
  });
  system.addEventListener("change", say);
  say();
}

let page = null;
window.unbraid = {
  index: (data) => (page = new Browser(data)),
  latents: (letter, number, data) => page.store.keep(`${letter}-${number}`, data),
  stimuli: (number, data) => page.store.keep(`stimuli-${number}`, data),
};
