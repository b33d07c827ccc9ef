// A row for each of the strongest stimuli, a column for each moment around it or each trial of it.
const RASTER = {
  moments: ["Around its strongest moments", "each row one of them, the mean above; 0 is the moment itself"],
  trials: ["Trial by trial", "each row one of the strongest stimuli, the mean above"],
};

function raster(kind, [largest, ...maps], colour) {
  const columns = Math.max(...maps.map((map) => map.length)), width = 320, tall = 44, row = 9, gap = 8;
  const step = width / columns, bottom = tall + gap + maps.length * row;
  const means = Array.from({ length: columns }, (_, i) => {
    const known = maps.map((map) => map[i]).filter((share) => share !== null && share !== undefined);
    return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
  });
  const most = Math.max(1, ...means.map((mean) => Math.abs(mean ?? 0)));
  const bars = means.flatMap((mean, i) => (mean ? [draw("rect", { class: mean < 0 ? "g" : "f", x: i * step + 0.5, width: step - 1,
    y: tall - (Math.abs(mean) / most) * tall, height: (Math.abs(mean) / most) * tall },
  draw("title", {}, `mean ${significant((mean / 100) * largest)}`))] : []));
  const cells = maps.flatMap((map, r) => map.flatMap((share, i) => {
    const where = { x: i * step + 0.5, y: tall + gap + r * row + 0.5, width: step - 1, height: row - 1 };
    if (share === null) return [draw("rect", { ...where, class: "unknown" })];
    return share ? [draw("rect", { ...where, class: share < 0 ? "g" : "f", "fill-opacity": Math.max(0.08, Math.min(1, Math.abs(share) / 100)) },
      draw("title", {}, significant((share / 100) * largest)))] : [];
  }));
  const middle = Math.floor(columns / 2), [title, help] = RASTER[kind];
  const label = (x, text, anchor) => draw("text", { x, y: bottom + 14, "text-anchor": anchor }, text);
  const ends = kind === "moments" ? [label(0, signed(String(-middle)), "start"), label((middle + 0.5) * step, "0", "middle"),
    label(width, `+${middle}`, "end")] : [label(0, "trial 1", "start"), label(width, `trial ${columns}`, "end")];
  return make("section", { class: "plot raster" },
    make("h4", {}, title, make("span", { class: "help" }, ` ${help}`)),
    draw("svg", { viewBox: `0 0 ${width} ${bottom + 18}`, role: "img", class: `k-${colour}`,
      "aria-label": `${title}: ${maps.length} rows of ${columns}` },
    ...bars, draw("line", { class: "axis", x1: 0, x2: width, y1: tall, y2: tall }), ...cells,
    draw("line", { class: "axis", x1: 0, x2: width, y1: bottom + 1, y2: bottom + 1 }), ...ends));
}
