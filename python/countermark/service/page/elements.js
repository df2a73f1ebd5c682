// Elements of the page. What comes from files and services becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

// An element with attributes and children: nodes, or texts. Null children are left out.
export function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// A text by a stranger: it cannot turn the direction of the words around it.
export function foreign(text) {
  return element("bdi", {}, String(text));
}

// Only the address itself is shown, so that nobody is led elsewhere than they read.
export function link(address) {
  if (!/^https:\/\/\S+$/.test(address ?? "")) return null;
  const attributes = { href: address, rel: "noreferrer noopener", target: "_blank" };
  return element("a", attributes, foreign(address));
}
