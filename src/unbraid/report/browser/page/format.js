// How numbers and elements are written. All text goes in as text, never as markup.
const DASH = "—";
const SVG = "http://www.w3.org/2000/svg";

const signed = (text) => text.replace("-", "−");

function fixed(value, digits) {
  return value === null || value === undefined ? DASH : signed(value.toFixed(digits));
}

function significant(value) {
  if (value === null || value === undefined) return DASH;
  return signed(String(Number(value.toPrecision(3))));
}

const count = (number) => number.toLocaleString("en");

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

const at = (id) => document.getElementById(id);
