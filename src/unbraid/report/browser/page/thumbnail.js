// One stimulus: its picture, or its id as text; a click enlarges it.
function thumbnail(store, number, note = "") {
  const button = make("button", { class: "thumb", type: "button" });
  store.stimulus(number).then((stimulus) => {
    button.title = note ? `${stimulus.id}: ${note}` : stimulus.id;
    if (stimulus.picture) button.append(make("img", { src: stimulus.picture, alt: stimulus.id }));
    else button.append(make("span", { class: "id" }, stimulus.id));
    button.classList.toggle("words", !stimulus.picture);
    button.addEventListener("click", () => enlarge(stimulus, note));
  }, (error) => button.append(error.message));
  return button;
}

function enlarge(stimulus, note) {
  const dialog = at("enlarged");
  dialog.replaceChildren(
    stimulus.picture ? make("img", { src: stimulus.picture, alt: stimulus.id }) : "",
    make("p", {}, make("b", {}, stimulus.id), note ? ` ${note}` : ""),
    make("form", { method: "dialog" }, make("button", { class: "plain" }, "Close")),
  );
  dialog.showModal();
}
