// A text as its tokens, those that excite the latent on the latent's colour.
const NEAR = 12; // tokens on each side of the one that counts, until the text is enlarged

// Marks of tokenizers, as what they stand for: a space before a word, or a word that goes on.
function spaced(token) {
  if (/^[\u0120\u2581]/.test(token)) return [" ", token.slice(1)];
  if (token.startsWith("##")) return ["", token.slice(2)];
  return [null, token];
}

function tokens(words, map, at, whole = false) {
  const peak = at >= 0 ? at : strongestOf(map), from = whole || peak < 0 ? 0 : Math.max(0, peak - NEAR);
  const last = whole ? words.length : Math.min(words.length, (peak < 0 ? 0 : peak) + NEAR + 1);
  const marked = words.some((word) => spaced(word)[0] === " ");
  const parts = [];
  for (let i = from; i < last; i++) {
    const [before, text] = spaced(words[i]), share = map ? map[i] : null;
    if (i > from) parts.push(before ?? (marked || /^\s/.test(text) ? "" : " "));
    const token = make("span", { class: `token${i === at ? " at" : ""}${share < 0 ? " negative" : ""}` }, text.replaceAll("\n", "↵") || "·");
    if (share) token.style.setProperty("--share", `${Math.min(100, Math.abs(share)) * 0.45}%`);
    if (share) token.title = `${share}% of its largest answer`;
    parts.push(token);
  }
  return make("span", { class: "text" }, from > 0 ? "… " : "", ...parts, last < words.length ? " …" : "");
}

function strongestOf(map) {
  if (!map) return -1;
  return map.reduce((best, share, i) => (Math.abs(share ?? 0) > Math.abs(map[best] ?? 0) ? i : best), 0);
}
