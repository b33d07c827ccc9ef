// Latents as rows of a list, of which only those in sight are there.
const ROW = 30; // pixels, as in the style
const AROUND = 8; // rows beyond each edge

class List {
  constructor(store, pick) {
    this.store = store;
    this.pick = pick;
    this.node = at("list");
    this.rows = at("rows");
    this.order = [];
    this.node.addEventListener("scroll", () => this.paint(), { passive: true });
    new ResizeObserver(() => this.paint()).observe(this.node);
  }

  show(state, order) {
    this.state = state;
    this.order = order;
    this.place = new Map(order.map((latent, i) => [latent, i]));
    this.rows.style.height = `${order.length * ROW}px`;
    this.paint();
  }

  paint() {
    if (!this.state) return;
    const first = Math.max(0, Math.floor(this.node.scrollTop / ROW) - AROUND);
    const seen = Math.ceil(this.node.clientHeight / ROW) + 2 * AROUND;
    const rows = [];
    for (let i = first; i < Math.min(first + seen, this.order.length); i++) rows.push(this.row(i));
    this.rows.replaceChildren(...rows);
    const now = this.place.get(this.state.latent);
    if (now === undefined) this.node.removeAttribute("aria-activedescendant");
    else this.node.setAttribute("aria-activedescendant", `row-${this.state.latent}`);
  }

  row(i) {
    const { side, measure, latent: picked, marked } = this.state;
    const latent = this.order[i], of = this.store.sides[side], by = of.measures[measure];
    const partner = of.partner ? of.partner[latent] : -1;
    const mark = of.groups[of.group[latent]].mark;
    const row = make("div", { class: "row", role: "option", id: `row-${latent}`, "aria-selected": latent === picked,
      "aria-setsize": this.order.length, "aria-posinset": i + 1, onclick: () => this.pick(latent) },
    make("span", { class: `mark ${mark}` }),
    make("span", { class: "id" }, (marked.has(latent) ? "★ " : "") + latent, " ", of.labels[latent] ? make("small", {}, of.labels[latent]) : null),
    make("span", { class: "act" }, by ? fixed(by.values[latent], by.digits) : ""),
    make("span", { class: "act" }, partner >= 0 ? String(partner) : DASH));
    row.style.top = `${i * ROW}px`;
    return row;
  }

  // The latent some rows below (or above) the one picked; the first where it is not in the list.
  beside(latent, steps) {
    const now = this.place.get(latent);
    const next = now === undefined ? 0 : Math.min(this.order.length - 1, Math.max(0, now + steps));
    return this.order[next];
  }

  page() {
    return Math.max(1, Math.floor(this.node.clientHeight / ROW) - 1);
  }

  reveal(latent) {
    const i = this.place.get(latent);
    if (i === undefined) return;
    const top = i * ROW, bottom = top + ROW - this.node.clientHeight;
    if (this.node.scrollTop > top) this.node.scrollTop = top;
    else if (this.node.scrollTop < bottom) this.node.scrollTop = bottom;
  }
}
