// Activations that are not 0, in equal bins.
function histogram([low, high, ...counts], colour) {
  const width = 320, height = 64, most = Math.max(...counts, 1);
  const step = width / Math.max(counts.length, 1);
  const bars = counts.map((many, i) => {
    const tall = many ? Math.max(1.5, (many / most) * height) : 0;
    const bar = draw("rect", { class: "f", x: i * step + 0.5, y: height - tall, width: step - 1, height: tall });
    const from = low + ((high - low) * i) / counts.length;
    bar.append(draw("title", {}, `${count(many)} from ${significant(from)}`));
    return bar;
  });
  const total = counts.reduce((a, b) => a + b, 0);
  return make("section", { class: "plot" },
    make("h4", {}, "Activations", make("span", { class: "help" }, ` ${count(total)} stimuli excite it`)),
    !counts.length ? make("p", { class: "none" }, "none") :
      draw("svg", { viewBox: `0 0 ${width} ${height + 18}`, role: "img", class: `k-${colour}`,
        "aria-label": `Histogram of ${count(total)} activations from ${significant(low)} to ${significant(high)}` },
      ...bars,
      draw("line", { class: "axis", x1: 0, x2: width, y1: height, y2: height }),
      draw("text", { x: 0, y: height + 14 }, significant(low)),
      draw("text", { x: width, y: height + 14, "text-anchor": "end" }, significant(high))),
  );
}
