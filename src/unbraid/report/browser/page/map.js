// All latents of a side at once: how often each is active, against the measure that is sorted by.
const EDGE = { left: 44, right: 10, top: 26, below: 30, strip: 34 }; // pixels

class LatentMap {
  constructor(store, pick) {
    this.store = store;
    this.pick = pick;
    this.node = at("map");
    this.canvas = make("canvas", { role: "img" });
    this.labels = make("div", { class: "ticks" });
    this.legend = make("figcaption", {});
    this.node.append(make("div", { class: "sheet" }, this.canvas, this.labels), this.legend);
    this.canvas.addEventListener("click", (event) => this.picked(event));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => (at("tip").hidden = true));
    new ResizeObserver(() => this.paint()).observe(this.canvas);
  }

  show(state, order) {
    this.state = state;
    this.shown = new Set(order);
    const of = this.store.sides[state.side], names = of.measures.map((each) => each.name);
    const across = of.measures.find((each) => each.name === "density") || null;
    const up = of.measures[names[state.measure] === "density" || state.measure < 0 ? 0 : state.measure];
    this.axes = { across, up };
    this.ends();
    this.words();
    this.paint();
  }

  // The ends of both axes, over all latents of the side, so that a filter moves nothing.
  ends() {
    const { across, up } = this.axes;
    const known = (values) => values.filter((value) => value !== null);
    const x = across ? known(across.values).filter((value) => value > 0) : [];
    const y = up ? known(up.values) : [];
    const least = x.reduce((a, b) => Math.min(a, b), 1), most = x.reduce((a, b) => Math.max(a, b), 0);
    this.x = [Math.log10(least), Math.log10(Math.max(most, least * 1.01))];
    this.y = [y.reduce((a, b) => Math.min(a, b), 0), y.reduce((a, b) => Math.max(a, b), 0)];
    if (this.y[0] === this.y[1]) this.y[1] += 1;
    const round = steps(...this.y), step = round[1] - round[0], last = round[round.length - 1];
    if (round.length > 1 && last < this.y[1]) this.y[1] = last + step; // the axis ends at a number
  }

  words() {
    const of = this.store.sides[this.state.side], many = of.groups.map(() => 0);
    of.group.forEach((group) => many[group]++);
    const parts = of.groups.map((group, i) => make("span", { title: group.help },
      make("i", { class: `mark ${group.mark}` }), `${group.name} ${count(many[i])}`));
    this.node.className = `map k-${COLOURS[this.state.side]}`;
    this.legend.replaceChildren(...parts.filter((_, i) => many[i]));
    const text = of.groups.map((group, i) => `${count(many[i])} ${group.name}`).join(", ");
    this.canvas.setAttribute("aria-label", `Map of the latents of ${of.name}: ${text}. The list holds the same.`);
  }

  spot(latent) {
    const { across, up } = this.axes, { width, height } = this;
    const density = across ? across.values[latent] : 1, value = up ? up.values[latent] : null;
    if (!density) return null;
    const inside = width - EDGE.left - EDGE.right, tall = height - EDGE.top - EDGE.below - EDGE.strip;
    const x = EDGE.left + (inside * (Math.log10(density) - this.x[0])) / (this.x[1] - this.x[0] || 1);
    if (value === null) { // no value: in the strip below, at a height of its own
      const spread = ((latent * 2654435761) % 4096) / 4096;
      return [x, height - EDGE.below - 4 - spread * (EDGE.strip - 12)];
    }
    return [x, EDGE.top + tall * (1 - (value - this.y[0]) / (this.y[1] - this.y[0]))];
  }

  // Redraw everything in the next frame, once however often it is requested.
  paint() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.points();
      this.ring();
    });
  }

  // The points of all latents, kept as a picture: what is picked changes far more often.
  points() {
    const box = this.canvas.getBoundingClientRect(), fine = window.devicePixelRatio || 1;
    if (!this.state || !box.width) return;
    [this.width, this.height] = [box.width, box.height];
    this.sheet = make("canvas", { width: Math.round(box.width * fine), height: Math.round(box.height * fine) });
    const pen = this.sheet.getContext("2d"), style = getComputedStyle(this.node);
    pen.scale(fine, fine);
    this.colours = Object.fromEntries(["k", "ink", "line", "faint"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    this.grid(pen);
    const of = this.store.sides[this.state.side], marks = of.groups.map((group) => group.mark);
    const point = of.size > MANY ? dot : drawn;
    for (const dim of [true, false]) {
      for (let latent = 0; latent < of.size; latent++) {
        if (this.shown.has(latent) === dim) continue;
        const spot = this.spot(latent), mark = marks[of.group[latent]];
        if (!spot) continue;
        pen.globalAlpha = dim ? 0.12 : mark === "full" ? 0.75 : 0.6;
        pen.fillStyle = pen.strokeStyle = mark === "cross" ? this.colours.faint : this.colours.k;
        point(pen, ...spot, mark);
      }
    }
  }

  ring() {
    if (!this.sheet) return;
    const pen = this.canvas.getContext("2d");
    [this.canvas.width, this.canvas.height] = [this.sheet.width, this.sheet.height];
    pen.drawImage(this.sheet, 0, 0);
    const fine = this.sheet.width / this.width;
    const spot = this.state.latent === null ? null : this.spot(this.state.latent);
    if (!spot) return;
    pen.scale(fine, fine);
    pen.strokeStyle = this.colours.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(...spot, 7, 0, 2 * Math.PI);
    pen.stroke();
  }

  grid(pen) {
    const tall = this.height - EDGE.top - EDGE.below - EDGE.strip, ticks = [];
    const label = (text, x, y, kind) => {
      const tick = make("span", { class: kind }, text);
      tick.style.left = `${x}px`;
      tick.style.top = `${y}px`;
      ticks.push(tick);
    };
    pen.strokeStyle = this.colours.line;
    pen.lineWidth = 1;
    const rule = (y) => (pen.beginPath(), pen.moveTo(EDGE.left, y), pen.lineTo(this.width - EDGE.right, y), pen.stroke());
    for (const value of steps(...this.y)) {
      const y = EDGE.top + tall * (1 - (value - this.y[0]) / (this.y[1] - this.y[0]));
      rule(y);
      label(signed(String(Number(value.toPrecision(2)))), EDGE.left - 6, y, "up");
    }
    rule(this.height - EDGE.below);
    for (let power = Math.ceil(this.x[0]); power <= this.x[1]; power++) {
      const x = EDGE.left + ((this.width - EDGE.left - EDGE.right) * (power - this.x[0])) / (this.x[1] - this.x[0] || 1);
      label(power < -4 ? `1e${power}` : `${Number((100 * 10 ** power).toPrecision(1))}%`.replace("-", "−"), x, this.height - EDGE.below + 4, "across");
    }
    if (this.axes.up) label(this.axes.up.name, EDGE.left, 4, "name");
    const blank = this.axes.up && this.axes.up.values.some((value) => value === null);
    if (blank) label("none", EDGE.left - 6, this.height - EDGE.below - EDGE.strip / 2, "up");
    label("of the stimuli excite it", this.width - EDGE.right, this.height - 14, "end");
    this.labels.replaceChildren(...ticks);
  }

  nearest(event, reach) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = null, least = reach * reach;
    for (const latent of this.shown) {
      const spot = this.spot(latent);
      if (!spot) continue;
      const far = (spot[0] - x) ** 2 + (spot[1] - y) ** 2;
      if (far < least) [best, least] = [latent, far];
    }
    return best;
  }

  picked(event) {
    const latent = this.nearest(event, 24);
    if (latent !== null) this.pick(latent);
  }

  hover(event) {
    const latent = this.nearest(event, 12), tip = at("tip"), of = this.store.sides[this.state.side];
    tip.hidden = latent === null;
    this.canvas.style.cursor = latent === null ? "default" : "pointer";
    if (latent === null) return;
    const numbers = of.measures.map((each) => `${each.name} ${fixed(each.values[latent], each.digits)}`);
    tip.textContent = [`latent ${latent}`, of.labels[latent], ...numbers].filter(Boolean).join(" · ");
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY + 18}px`;
  }
}

const MANY = 4000; // latents beyond which each is a dot, whatever its mark
const dot = (pen, x, y) => pen.fillRect(x - 1, y - 1, 2, 2);

function drawn(pen, x, y, mark) {
  pen.lineWidth = 1.2;
  pen.beginPath();
  if (mark === "cross") {
    pen.moveTo(x - 2.5, y - 2.5);
    pen.lineTo(x + 2.5, y + 2.5);
    pen.moveTo(x - 2.5, y + 2.5);
    pen.lineTo(x + 2.5, y - 2.5);
  } else pen.arc(x, y, 3, 0, 2 * Math.PI);
  if (mark === "full") pen.fill();
  else pen.stroke();
}

// Round numbers between two ends, about five of them.
function steps(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.8);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return found;
}
