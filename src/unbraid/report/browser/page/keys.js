// Everything by keyboard.
const KEYS = [
  ["↓ or j, ↑ or k", "next, previous latent"],
  ["Page Down, Page Up", "a screen further, back"],
  ["Home, End", "first, last"],
  ["m", "its match, on the other side"],
  ["o", "the other side"],
  ["x", "mark, or unmark; a CSV holds the marked ones, if any"],
  ["h", "hide the colours over pictures and words, or show them"],
  ["/", "search"],
  ["Escape", "leave the search"],
  ["?", "these keys"],
];

function help() {
  const rows = KEYS.map(([key, what]) => make("div", {}, make("dt", {}, key), make("dd", {}, what)));
  const measures = "In the search, words must be in the name; r>.5 or density<.01 compares a number.";
  at("help").replaceChildren(make("h2", {}, "Keys"), make("dl", { class: "keys" }, ...rows), make("p", {}, measures),
    make("form", { method: "dialog" }, make("button", { class: "plain" }, "Close")));
  at("help").showModal();
}

function listen(page) {
  const moves = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  const calls = { m: () => page.match(), o: () => page.turn(), x: () => page.mark(), h: () => page.bare(), "?": help, "/": () => at("search").focus() };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea"), open = document.querySelector("dialog[open]");
    if (event.key === "Escape" && event.target === at("search")) return at("list").focus();
    if (event.target === at("search") && ["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) {
      event.preventDefault();
      return page.move(event.key === "Enter" ? 0 : moves[event.key]);
    }
    if (typing || open || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (event.target.closest("[role=radiogroup]") && event.key.startsWith("Arrow")) return undefined;
    const far = { PageDown: page.list.page(), PageUp: -page.list.page(), Home: -Infinity, End: Infinity };
    const steps = moves[event.key] ?? far[event.key];
    if (steps === undefined && !calls[event.key]) return undefined;
    event.preventDefault();
    return steps === undefined ? calls[event.key]() : page.move(steps);
  });
}
