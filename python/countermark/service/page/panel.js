// What all panels have: a heading, words for how sure it is, facts, and the service's own words.

import { element } from "./elements.js";
import { say } from "./words/index.js";

export function panel(name, titleKey, sure, ...children) {
  return element(
    "section",
    { class: `panel ${name}`, "aria-labelledby": `${name}-title` },
    element("h3", { id: `${name}-title` }, say(titleKey)),
    element("p", { class: `sure ${sure.level}` }, say(sure.key, sure.values)),
    ...children,
  );
}

// Pairs of a key of the words and a value: nodes, or null for none.
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (rows.length === 0) return null;
  return element("dl", {}, rows.map(([key, value]) =>
    element("div", {}, element("dt", {}, say(key)), element("dd", {}, value))));
}

// Findings in the words of the service, or of whoever `note` names.
export function technical(items, pairs = [], note = "more.note") {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (items.length === 0 && rows.length === 0) return null;
  return element(
    "details",
    {},
    element("summary", {}, say("more"), element("span", { class: "note" }, " – ", say(note))),
    element("div", { lang: "en" },
      items.map((item) => element("p", {}, item.explanation,
        element("span", { class: "check" }, `Check: ${item.check}. Confidence: ${item.confidence}.`))),
      rows.length ? element("dl", { class: "raw" }, rows.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, element("bdi", {}, String(value)))))) : null),
  );
}
