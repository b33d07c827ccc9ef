// One stimulus: its picture, its words, or its id as text; a click enlarges it.
function thumbnail(store, number, note, map = null) {
  const button = make("button", { class: "thumb", type: "button" });
  loaded(store, number).then((stimulus) => {
    button.title = note ? `${stimulus.id}: ${note}` : stimulus.id;
    button.append(...face(stimulus, map));
    button.classList.toggle("words", !stimulus.picture);
    button.addEventListener("click", () => enlarge(store, stimulus, note, map, getComputedStyle(button).getPropertyValue("--k")));
  }, (error) => button.append(error.message));
  return button;
}

// A stimulus with its picture and words, which a part has from the first part of the same.
async function loaded(store, number) {
  const stimulus = await store.stimulus(number);
  if (stimulus.of === undefined) return stimulus;
  const { picture, tokens: words } = await store.stimulus(stimulus.of);
  return { ...stimulus, picture, tokens: words };
}

// What stands for a stimulus, with the latent's answers to its places over it or below it.
function face({ id, picture, tokens: words, at = -1 }, map, whole = false) {
  if (words) return [tokens(words, map, at, whole)];
  if (!picture) return [make("span", { class: "id" }, id), ...(map ? [heat(map, at)] : [])];
  const image = make("img", { src: picture, alt: id });
  if (!map) return [image];
  const over = heat(map, at), frame = make("span", { class: "frame" }, image, over);
  image.addEventListener("load", () => {
    const { naturalWidth: wide, naturalHeight: high } = image;
    if (!grid(map.length) || Math.abs(wide - high) > 0.1 * Math.max(wide, high)) frame.after(over); // it would not fit
  });
  return [frame];
}

// The stimulus, and the latents that it is among the strongest stimuli of.
function enlarge(store, stimulus, note, map, colour) {
  const dialog = at("enlarged"), shown = make("div", { class: "face" }, ...face(stimulus, map, true));
  shown.style.setProperty("--k", colour);
  dialog.replaceChildren(
    shown,
    make("p", {}, make("b", {}, stimulus.id), note ? ` ${note}` : ""),
    ...store.sides.map((side, i) => likers(side, i, stimulus.latents[i])),
    make("form", { method: "dialog" }, make("button", { class: "plain" }, "Close")),
  );
  dialog.showModal();
}

function likers(side, i, latents) {
  if (!latents.length) return "";
  const links = latents.map((latent) => make("a", { href: `#${"ab"[i]}${latent}`, onclick: () => at("enlarged").close() },
    side.labels[latent] ? `${latent} ${side.labels[latent]}` : String(latent)));
  return make("p", {}, `Among the strongest of ${side.name}'s latents `, ...links.flatMap((link, n) => [n ? ", " : "", link]));
}
