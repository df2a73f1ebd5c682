// Who signed, when, whether that is somebody trusted, and what they state.

import { chain, when } from "./chain.js";
import { element, foreign } from "./elements.js";
import { facts, panel, technical } from "./panel.js";
import { isClip } from "./kinds.js";
import { figure } from "./pictures.js";
import { statements, VOCABULARY } from "./stated.js";
import { has, listName, say } from "./words/index.js";

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
    holds ? statements(stated(answer, item), statesKey(report)) : null,
    made(answer, item),
    technical(items, raw(item)),
  );
}

function sureness(report, item, holds) {
  if (!holds) {
    const damaged = report.verdict === "altered" ? "altered.none" : "invalid";
    return { level: "against", key: `sure.credential.${damaged}` };
  }
  if (report.verdict === "recovered" && report.trust === "none") {
    return { level: "weak", key: "sure.credential.recovered.lead" };
  }
  if (item.trust !== "trusted" && ["intact", "recovered"].includes(report.verdict)) {
    const recovered = report.verdict === "recovered" ? ".recovered" : "";
    return { level: "weak", key: `sure.credential${recovered}.doubtful` };
  }
  const level = { intact: "proven", recovered: item.confidence, transplanted: "against" };
  const key = `sure.credential.${report.verdict}`;
  const weak = `${key}.${item.confidence}`;
  return { level: level[report.verdict] ?? "weak", key: worded(report, has(weak) ? weak : key) };
}

function worded(report, key) {
  return isClip(report) && has(`${key}.clip`) ? `${key}.clip` : key;
}

function signature(item) {
  return facts([
    [item.trust === "trusted" ? "fact.signer" : "fact.claimed", foreign(item.claim_signer)],
    ["fact.trust", say(`signer.${item.trust}`, { list: listName(item.trusted_by) })],
    ["fact.time", when(item)],
  ]);
}

// What was signed beside what was received: a person sees in a second what no number tells.
function pair({ preview, thumbnails }, item) {
  if (!thumbnails) return null;
  return element("div", { class: "pair" },
    figure(preview, "image.received", "image.none"),
    figure(thumbnails.get(item.sha256), "image.thumbnail", "image.unsigned"));
}

function statesKey(report) {
  return report.verdict === "transplanted" ? worded(report, "states.other") : "states";
}

function stated({ report }, item) {
  return report.details?.manifests[item.sha256] ?? fromRecord(report.record);
}

function made({ report, thumbnails }, item) {
  const key = report.verdict === "transplanted" ? worded(report, "made.other") : "made";
  return chain(report.details?.manifests[item.sha256] ?? item, thumbnails, key);
}

// What the report itself has, where the service gives no details.
function fromRecord(record) {
  if (!record) return record;
  const { name, version } = record.system ?? {};
  const generator = [name, version].filter(Boolean).join(" ") || null;
  return { ...record, generator, digital_source: VOCABULARY + TERMS[record.source], actions: [] };
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
