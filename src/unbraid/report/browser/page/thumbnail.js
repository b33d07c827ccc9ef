// One stimulus: its picture, or its id as text; a click enlarges it.
function thumbnail(store, number, note) {
  const button = make("button", { class: "thumb", type: "button" });
  store.stimulus(number).then((stimulus) => {
    button.title = note ? `${stimulus.id}: ${note}` : stimulus.id;
    if (stimulus.picture) button.append(make("img", { src: stimulus.picture, alt: stimulus.id }));
    else button.append(make("span", { class: "id" }, stimulus.id));
    button.classList.toggle("words", !stimulus.picture);
    button.addEventListener("click", () => enlarge(store, stimulus, note));
  }, (error) => button.append(error.message));
  return button;
}

// The stimulus, and the latents that it is among the strongest stimuli of.
function enlarge(store, stimulus, note) {
  const dialog = at("enlarged");
  dialog.replaceChildren(
    stimulus.picture ? make("img", { src: stimulus.picture, alt: stimulus.id }) : "",
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
