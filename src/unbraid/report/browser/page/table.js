// Latents as a CSV file.
function table(side, latents, otherName) {
  const head = ["system", "latent", "name", "kind", ...(side.partner ? [`match in ${otherName}`] : []),
    ...side.measures.map((each) => each.name)];
  const rows = latents.map((latent) => [side.name, latent, side.labels[latent] || "", side.groups[side.group[latent]].name,
    ...(side.partner ? [side.partner[latent] >= 0 ? side.partner[latent] : ""] : []),
    ...side.measures.map((each) => each.values[latent] ?? "")]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

// A spreadsheet takes text that begins so for a formula; an apostrophe keeps it text.
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
