// What signers state, in words: where a picture comes from, and what was done to it.

import { element, foreign, link } from "./elements.js";
import { facts } from "./panel.js";
import { has, say, time } from "./words/index.js";

export const VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/";

export function statements(stated, titleKey) {
  const rows = stated ? facts([
    ["fact.title", optional(stated.title)],
    ["fact.creator", optional(stated.creator)],
    ["fact.producer", producer(stated.producer)],
    ["fact.filing", filing(stated.filing)],
    ["fact.generator", optional(stated.generator)],
    ["fact.source", source(stated.digital_source)],
    ["fact.created", stated.created ? time(stated.created) : null],
    ["fact.actions", actions(stated.actions)],
  ]) : null;
  return element("div", { class: "statements" },
    element("h4", {}, say(titleKey)),
    rows ? element("p", { class: "note" }, say("states.note")) : null,
    rows ?? element("p", {}, say("states.nothing")));
}

function optional(value) {
  return value === null || value === undefined ? null : foreign(value);
}

function producer(stated) {
  return stated ? foreign([stated.name, stated.code].filter(Boolean).join(", ")) : null;
}

// The law wants the number with a link: Deep Synthesis Provisions, Article 19.
function filing(stated) {
  if (!stated) return null;
  return [foreign(stated.number), " ", link(stated.url) ?? foreign(stated.url)];
}

export function source(uri) {
  if (!uri) return null;
  const term = uri.startsWith(VOCABULARY) ? uri.slice(VOCABULARY.length) : uri;
  return has(`source.${term}`) ? say(`source.${term}`) : say("source.other", { term });
}

export function actions(names) {
  if (names.length === 0) return null;
  return element("ul", { class: "actions" }, names.map((name) =>
    element("li", {}, has(`action.${name}`) ? say(`action.${name}`) : foreign(name))));
}
