// What a latent answers to the places of a picture, cell by cell, in percents of its largest answer.
const COLD = "ink"; // whose colour stands for negative answers: that of neither system

// A square grid of places, row by row; a first one too many is a class token. None elsewhere.
function grid(places) {
  const side = Math.floor(Math.sqrt(places));
  if (side > 1 && side * side === places) return { side, first: 0 };
  const less = Math.floor(Math.sqrt(places - 1));
  return less > 1 && less * less === places - 1 ? { side: less, first: 1 } : null;
}

// A canvas of one pixel per place, which the style stretches; `at` is ringed, where it is a place.
function heat(map, at = -1) {
  const found = grid(map.length), columns = found ? found.side : map.length, rows = found ? found.side : 1;
  const first = found ? found.first : 0, cell = 8;
  const canvas = make("canvas", { class: found ? "heat" : "heat line", width: columns * cell, height: rows * cell,
    role: "img", "aria-label": `Activation at ${map.length} places` });
  const pen = canvas.getContext("2d");
  canvas.paint = () => {
    const style = getComputedStyle(canvas), colours = [style.getPropertyValue("--k"), style.getPropertyValue(`--${COLD}`)];
    pen.clearRect(0, 0, canvas.width, canvas.height);
    map.slice(first).forEach((share, i) => {
      if (!share) return;
      pen.globalAlpha = 0.85 * Math.min(1, Math.abs(share) / 100);
      pen.fillStyle = colours[share < 0 ? 1 : 0];
      pen.fillRect((i % columns) * cell, Math.floor(i / columns) * cell, cell, cell);
    });
    if (at < first) return;
    pen.globalAlpha = 1;
    pen.strokeStyle = style.getPropertyValue("--ink");
    pen.lineWidth = 1.5;
    pen.strokeRect(((at - first) % columns) * cell + 1, Math.floor((at - first) / columns) * cell + 1, cell - 2, cell - 2);
  };
  requestAnimationFrame(canvas.paint); // its colours are known once it is on the page
  return canvas;
}
