// Who signed, when, whether that is somebody trusted, and what they state.

import { element, foreign } from "./elements.js";
import { facts, panel, technical } from "./panel.js";
import { figure } from "./pictures.js";
import { has, listName, say, time } from "./words/index.js";

const VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/";
const TERMS = {
  "ai-generated": "trainedAlgorithmicMedia",
  "ai-edited": "compositeWithTrainedAlgorithmicMedia",
  "algorithmic": "algorithmicMedia",
  "captured": "digitalCapture",
  "composite": "composite",
  "computational-capture": "computationalCapture",
  "data-driven": "dataDrivenMedia",
  "human-created": "digitalCreation",
  "human-edited": "humanEdits",
  "scanned-negative": "negativeFilm",
  "scanned-positive": "positiveFilm",
  "scanned-print": "print",
  "screen-capture": "screenCapture",
};

export function credential(answer) {
  const { report } = answer;
  const items = report.evidence.filter((item) => item.kind === "manifest");
  const item = items.filter((each) => each.found).at(-1);
  if (!item) {
    const unread = report.verdict === "unreadable";
    const sure = { level: "none", key: unread ? "sure.skipped" : "sure.none" };
    return panel("credential", "panel.credential", sure,
      element("p", {}, say(unread ? "none.unreadable" : "none.credential")),
      unread ? technicalText(report.summary) : technical(items));
  }
  if (item.failures.includes("manifest.inaccessible")) {
    const sure = { level: "none", key: "sure.credential.elsewhere" };
    return panel("credential", "panel.credential", sure,
      element("p", {}, say("none.elsewhere")), technical(items, raw(item)));
  }
  const holds = item.signature_valid && item.assertions_valid;
  const stored = item.origin !== "file";
  return panel(
    "credential",
    stored ? "panel.credential.registry" : "panel.credential.file",
    sureness(report, item, holds),
    stored ? element("p", {}, say("none.credential.file")) : null,
    holds ? signature(item) : element("p", {}, say("signer.none")),
    holds ? pair(answer, item) : null,
    holds ? statements(answer, item) : null,
    technical(items, raw(item)),
  );
}

function sureness(report, item, holds) {
  if (!holds) {
    const damaged = report.verdict === "altered" ? "altered.none" : "invalid";
    return { level: "against", key: `sure.credential.${damaged}` };
  }
  if (item.trust !== "trusted" && ["intact", "recovered"].includes(report.verdict)) {
    const recovered = report.verdict === "recovered" ? ".recovered" : "";
    return { level: "weak", key: `sure.credential${recovered}.doubtful` };
  }
  const level = { intact: "proven", recovered: item.confidence, transplanted: "against" };
  const key = `sure.credential.${report.verdict}`;
  const weak = `${key}.${item.confidence}`;
  return { level: level[report.verdict] ?? "weak", key: has(weak) ? weak : key };
}

function signature(item) {
  const proven = item.signed_at !== null;
  return facts([
    [item.trust === "trusted" ? "fact.signer" : "fact.claimed", foreign(item.claim_signer)],
    ["fact.trust", say(`signer.${item.trust}`, { list: listName(item.trusted_by) })],
    ["fact.time", proven
      ? say("time.proven", { time: time(item.signed_at), authority: item.time_stamped_by })
      : say("time.unproven")],
  ]);
}

// What was signed beside what was received: a person sees in a second what no number tells.
function pair({ preview, thumbnails }, item) {
  if (!thumbnails) return null;
  return element("div", { class: "pair" },
    figure(preview, "image.received", "image.none"),
    figure(thumbnails.get(item.sha256), "image.thumbnail", "image.unsigned"));
}

function statements({ report }, item) {
  const stated = report.details?.manifests[item.sha256] ?? fromRecord(report.record);
  const rows = stated ? facts([
    ["fact.title", optional(stated.title)],
    ["fact.creator", optional(stated.creator)],
    ["fact.generator", optional(stated.generator)],
    ["fact.source", source(stated.digital_source)],
    ["fact.created", stated.created ? time(stated.created) : null],
    ["fact.actions", actions(stated.actions)],
  ]) : null;
  const title = report.verdict === "transplanted" ? "states.other" : "states";
  return element("div", { class: "statements" },
    element("h4", {}, say(title)),
    rows ? element("p", { class: "note" }, say("states.note")) : null,
    rows ?? element("p", {}, say("states.nothing")));
}

// What the report itself has, where the service gives no details.
function fromRecord(record) {
  return record && { ...record, digital_source: VOCABULARY + TERMS[record.source], actions: [] };
}

function optional(value) {
  return value === null || value === undefined ? null : foreign(value);
}

function source(uri) {
  if (!uri) return null;
  const term = uri.startsWith(VOCABULARY) ? uri.slice(VOCABULARY.length) : uri;
  return has(`source.${term}`) ? say(`source.${term}`) : say("source.other", { term });
}

function actions(names) {
  if (names.length === 0) return null;
  return element("ul", { class: "actions" }, names.map((name) =>
    element("li", {}, has(`action.${name}`) ? say(`action.${name}`) : foreign(name))));
}

function raw(item) {
  return [
    ["manifest", item.label],
    ["SHA-256", item.sha256],
    ["hard binding", item.hard_binding],
    ["correlation with the signed thumbnail", item.correlation],
    ["share of the original that is shown", item.overlap],
    ["failures", item.failures.join(", ")],
  ];
}

function technicalText(summary) {
  return technical([], [["summary", summary]]);
}
