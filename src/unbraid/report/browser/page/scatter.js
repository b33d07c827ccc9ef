// Two latents against each other, one point a stimulus that excites either.
function scatter(pair, names) {
  const points = pairs(pair.points), size = 280, edge = 34;
  const [x, y] = [0, 1].map((axis) => scale(points.map((point) => point[axis]), size));
  const circles = points.map(([a, b]) =>
    draw("circle", { class: "point", cx: edge + x.of(a), cy: size - y.of(b), r: 3 }));
  const zero = [
    draw("line", { class: "axis", x1: edge + x.of(0), x2: edge + x.of(0), y1: 0, y2: size }),
    draw("line", { class: "axis", x1: edge, x2: edge + size, y1: size - y.of(0), y2: size - y.of(0) }),
  ];
  const drawn = points.length < pair.either ? `${count(points.length)} of ${count(pair.either)}` : count(points.length);
  return make("section", { class: "plot" },
    make("h4", {}, "One against the other", make("span", { class: "help" }, ` ${drawn} stimuli that excite either`)),
    draw("svg", { viewBox: `0 0 ${size + edge + 8} ${size + 44}`, role: "img",
      "aria-label": `Activations of ${names[0]} against ${names[1]}` },
    ...zero, ...circles,
    draw("text", { x: edge, y: size + 18 }, significant(x.low)),
    draw("text", { x: edge + size, y: size + 18, "text-anchor": "end" }, significant(x.high)),
    draw("text", { x: edge - 6, y: size, "text-anchor": "end" }, significant(y.low)),
    draw("text", { x: edge - 6, y: 10, "text-anchor": "end" }, significant(y.high)),
    draw("text", { class: "k-c1 f", x: edge + size / 2, y: size + 36, "text-anchor": "middle" }, names[0]),
    draw("text", { class: "k-c2 f", x: 10, y: size / 2, "text-anchor": "middle", transform: `rotate(-90 10 ${size / 2})` }, names[1])),
  );
}

function scale(values, size) {
  const low = Math.min(0, ...values), high = Math.max(0, ...values), room = high - low || 1;
  return { low, high, of: (value) => 4 + ((value - low) / room) * (size - 8) };
}
