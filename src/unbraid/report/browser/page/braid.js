// The units of a system that a latent lies in, with their weights.
function braid({ system, units, spread }) {
  const rows = units.map(([unit, weight]) => make("li", {},
    make("span", { class: "id", title: unit }, unit),
    make("span", { class: "meter" }, make("i", { class: weight < 0 ? "negative" : "" })),
    make("span", { class: "act" }, fixed(weight, 2)),
  ));
  rows.forEach((row, i) => row.querySelector("i").style.setProperty("width", `${100 * Math.abs(units[i][1])}%`));
  return make("section", { class: "braid" },
    make("h4", {}, `Units of ${system} it lies in`,
      make("span", { class: "help" }, ` spread over about ${fixed(spread, spread < 9.5 ? 1 : 0)} units`)),
    units.length ? make("ul", { class: "acts" }, ...rows) : make("p", { class: "none" }, "none"),
  );
}
