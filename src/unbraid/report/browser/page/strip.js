// A row of stimuli under a heading, with the activation of each where there is one.
function strip(store, title, examples, { help = "", shared = [], maps = [] } = {}) {
  const items = examples.map(([number, activation], i) => {
    const note = activation === undefined ? "" : significant(activation);
    const sign = activation < 0 ? "negative" : "", kind = shared.includes(number) ? "both" : "";
    return make("li", { class: kind }, thumbnail(store, number, note, maps[i]), note && make("span", { class: `act ${sign}` }, note));
  });
  return make("section", { class: "strip" },
    make("h4", {}, title, help && make("span", { class: "help" }, ` ${help}`)),
    items.length ? make("ul", { class: store.pictures && !store.texts ? "" : "words" }, ...items) : make("p", { class: "none" }, "none"),
  );
}

// Examples are stored flat: stimulus, activation, stimulus, activation, ...
function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}
