// The latent that was picked, beside its match.
const COLOURS = ["c1", "c2"];

class LatentView {
  constructor(store, go) {
    this.store = store;
    this.go = go;
    this.node = at("picked");
    this.turn = 0;
  }

  name(side, latent) {
    return `${this.store.sides[side].name}, latent ${latent}`;
  }

  async show(side, latent) {
    const turn = ++this.turn, of = this.store.sides[side];
    const partner = of.partner ? of.partner[latent] : -1;
    const shown = [[side, latent]];
    if (partner >= 0) shown.push([1 - side, partner]);
    shown.sort((a, b) => a[0] - b[0]); // the first system stands left, whichever was picked
    let details;
    try {
      details = await Promise.all(shown.map((each) => this.store.detail(...each)));
    } catch (error) {
      details = null;
      if (turn === this.turn) this.node.replaceChildren(make("p", { class: "none" }, error.message));
    }
    if (!details || turn !== this.turn) return; // another was picked meanwhile
    const own = details[shown.findIndex((each) => each[0] === side)];
    this.node.replaceChildren(
      this.title(side, latent, partner),
      this.facts(side, latent),
      ...this.key(details),
      make("div", { class: `cards n${shown.length}` }, ...shown.map((each, i) => this.card(...each, details[i], details[1 - i]))),
      ...(partner >= 0 ? this.pair(shown, details) : []),
      ...this.more(side, own),
    );
  }

  title(side, latent, partner) {
    const of = this.store.sides[side], label = of.labels[latent];
    const group = of.groups[of.group[latent]];
    return make("header", {},
      make("h2", {}, this.name(side, latent), label && make("span", { class: "label" }, label)),
      make("p", { class: "lead" }, make("b", {}, group.name), `: ${group.help}.`,
        partner < 0 ? "" : make("span", {}, " Match: ", this.link(1 - side, partner), "."), ...this.others(side, latent, partner)),
    );
  }

  // Latents of the other side whose match is this one, though its own is another.
  others(side, latent, partner) {
    const { partner: back } = this.store.sides[1 - side] || {};
    if (!back) return [];
    const found = back.flatMap((each, i) => (each === latent && i !== partner ? [i] : []));
    if (!found.length) return [];
    const links = found.slice(0, 8).flatMap((each, i) => [i ? ", " : "", this.link(1 - side, each, String(each))]);
    const rest = found.length > 8 ? ` and ${count(found.length - 8)} more` : "";
    return [` It is also the match of ${this.store.sides[1 - side].name}'s `, ...links, `${rest}.`];
  }

  link(side, latent, text) {
    return make("a", { href: `#${"ab"[side]}${latent}` }, text || this.name(side, latent));
  }

  facts(side, latent) {
    const rows = this.store.sides[side].measures.map((each) => make("div", { title: each.help },
      make("dt", {}, each.name), make("dd", {}, fixed(each.values[latent], each.digits))));
    return make("dl", { class: "facts" }, ...rows);
  }

  // Stimuli among the strongest of both are marked, where there are any.
  key(details) {
    if (details.length < 2 || !details[0] || !details[1]) return [];
    const [mine, others] = details.map((each) => pairs(each.strongest).map(([number]) => number));
    if (!mine.some((number) => others.includes(number))) return [];
    return [make("p", { class: "help" }, make("i", { class: "key" }), "among the strongest stimuli of both")];
  }

  card(side, latent, detail, other) {
    const head = make("h3", { class: `k-${COLOURS[side]}` }, make("i", {}), this.link(side, latent));
    if (!detail) {
      const why = "What excites it was not written: this folder would have become too large.";
      return make("article", { class: "card" }, head, make("p", { class: "none" }, why));
    }
    const { parts } = this.store.sides[side], places = parts === "places" && detail.maps;
    const maps = places ? detail.maps.slice(1) : [], examples = pairs(detail.strongest);
    return make("article", { class: `card k-${COLOURS[side]}` }, head,
      examples.length ? strip(this.store, "Strongest stimuli", examples,
        { maps, shared: other ? pairs(other.strongest).map(([number]) => number) : [] }) : null,
      places ? this.scale(detail.maps[0]) : null,
      detail.maps && RASTER[parts] ? raster(parts, detail.maps, COLOURS[side]) : null,
      ...detail.braids.map(braid),
      detail.histogram.length > 2 ? histogram(detail.histogram, COLOURS[side]) : null,
    );
  }

  // What the colour over a picture or a token means, and a way to see what is below it.
  scale(largest) {
    const bare = () => document.body.classList.contains("bare");
    const button = make("button", { class: "plain", type: "button", onclick: () => page.bare() }, bare() ? "Show" : "Hide");
    return make("p", { class: "help scale" }, make("span", {}, "what drives it: 0 "), make("i", { class: "ramp" }),
      make("span", {}, ` ${significant(largest)}`), button);
  }

  pair(shown, details) {
    const pair = details[1] && details[1].pair;
    if (!pair) return [];
    const names = shown.map((each) => this.name(...each));
    const row = (title, numbers) => strip(this.store, title, numbers.map((number) => [number]));
    return [make("section", { class: "together" }, make("h3", {}, "Together"),
      make("div", { class: "beside" }, scatter(pair, names),
        make("div", {}, row("Both like", pair.both), row(`Only ${names[0]}`, pair.only_other),
          row(`Only ${names[1]}`, pair.only_own))))];
  }

  more(side, detail) {
    if (!detail) return [];
    const near = pairs(detail.near).map(([other, r]) => make("li", {}, this.link(side, other, `latent ${other}`),
      this.store.sides[side].labels[other] ? ` ${this.store.sides[side].labels[other]}` : "",
      make("span", { class: "act" }, ` ${fixed(r, 2)}`)));
    const strips = [["From the strongest to the weakest", "steps", "at equal steps of rank"],
      ["Random stimuli", "random", "whatever it does"]]
      .filter(([, name]) => detail[name].length)
      .map(([title, name, help]) => strip(this.store, title, pairs(detail[name]), { help }));
    return [make("section", { class: "more" }, make("h3", {}, "More of the latent picked"), ...strips,
      near.length ? make("section", {}, make("h4", {}, "Nearest latents", make("span", { class: "help" }, " by the cosine of their atoms")),
        make("ul", { class: "near" }, ...near)) : null)];
  }
}
