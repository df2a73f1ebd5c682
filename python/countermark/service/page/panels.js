// The panels under the headline, each a function of the answer that gives an element or null.
// A panel for the transparency log goes into this list once the service answers about one.

import { element } from "./elements.js";
import { credential } from "./credential.js";
import { similar } from "./similar.js";
import { watermark } from "./watermark.js";

const PANELS = [credential, watermark, similar];

export function panels(answer) {
  const [first, ...others] = PANELS.map((panel) => panel(answer));
  return element("div", { class: "panels" }, first, element("div", {}, others));
}
