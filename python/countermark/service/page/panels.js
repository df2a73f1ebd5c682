// The panels under the headline, each a function of the answer that gives an element or null.

import { element } from "./elements.js";
import { credential } from "./credential.js";
import { log } from "./log.js";
import { similar } from "./similar.js";
import { watermark } from "./watermark.js";

const COLUMNS = [[credential, log], [watermark, similar]];

export function panels(answer) {
  return element("div", { class: "panels" },
    COLUMNS.map((column) => element("div", {}, column.map((panel) => panel(answer)))));
}
