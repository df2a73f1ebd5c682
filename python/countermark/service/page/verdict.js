// The headline: what the file proves, and beside it, never mixed up with it, who is trusted.

import { drawing, element } from "./elements.js";
import { isClip } from "./kinds.js";
import { figure } from "./pictures.js";
import { has, listName, number, say, text } from "./words/index.js";

const SIGNED = ["intact", "recovered"];
const OWN = ["intact", "altered"]; // rest on the credentials in the file
const SHAPES = {
  shown: "M4 4h24v24H4z M9 12h14 M9 17h14 M9 22h8",
  plain: "M6 3h13l7 7v19H6z M19 3v7h7",
  caution: "M16 3 30 28H2z M16 12v8 M16 23v2",
  against: "M11 3h10l8 8v10l-8 8H11l-8-8V11z M11 11l10 10 M21 11 11 21",
  open: "M16 3a13 13 0 1 0 .01 0z M12 12.5a4 4 0 1 1 5.6 3.7q-1.6.8-1.6 2.8 M16 22.5v2",
};

export function verdict(answer) {
  const { report, file, preview } = answer;
  const key = caveat(report);
  return element(
    "section",
    { class: `verdict ${tone(report)}`, "aria-labelledby": "headline" },
    figure(preview, "image.received", "image.none"),
    element(
      "div",
      {},
      element("p", { class: "chips" }, fileChip(report), trustChip(report)),
      element("h2", { id: "headline" }, headline(report)),
      element("p", { class: "means" }, say(meaning(report))),
      trustLine(report),
      key ? element("p", { class: "caveat" }, say(key)) : null,
      element("p", { class: "not" }, say(variant(worded(report, `not.${report.verdict}`), report.trust))),
      element("p", { class: "file" }, element("bdi", {}, file.name),
        ` · ${text("fact.bytes", { size: number(file.size) })}`,
        report.media_type ? ` · ${report.media_type}` : ""),
    ),
  );
}

// Only a file by a trusted signer looks as if something were shown.
function tone({ verdict, trust, ...report }) {
  if (verdict === "transplanted") return "against";
  if (verdict === "unmarked" || verdict === "unreadable") return "open";
  if (SIGNED.includes(verdict) && trust === "trusted") {
    return caveat({ verdict, trust, ...report }) ? "caution" : "shown";
  }
  return trust === "revoked" ? "against" : "caution";
}

export function headline(report) {
  return say(headlineKey(report), { signer: report.claim_signer });
}

export function headlineText(report) {
  return text(headlineKey(report), { signer: report.claim_signer });
}

function headlineKey(report) {
  const base = `headline.${report.verdict}`;
  const other = caveat(report) && has(`${base}.caveat`);
  return other ? `${base}.caveat` : variant(worded(report, base), report.trust);
}

// Of sounds and movies some things are said in other words; a lead is one for all kinds of files.
function worded(report, key) {
  const isLead = has(`${key}.${report.trust}`);
  return isClip(report) && !isLead ? variant(key, "clip") : key;
}

function variant(key, name) {
  return has(`${key}.${name}`) ? `${key}.${name}` : key;
}

function meaning(report) {
  const found = (kind) => report.evidence.some((item) => item.kind === kind && item.found);
  const compared = report.evidence.some((item) => item.kind === "manifest" && item.correlation);
  const key = variant(worded(report, `means.${report.verdict}`), report.trust);
  if (key === "means.recovered" && found("fingerprint")) return `${key}.fingerprint`;
  return key === "means.altered" && compared ? `${key}.likeness` : key;
}

// Credentials that hold, over pixels with the watermark of other ones.
function caveat(report) {
  const mark = report.details?.watermark;
  if (!OWN.includes(report.verdict) || mark?.named_by_file !== false) return null;
  return mark.manifest ? "caveat" : "caveat.unknown";
}

function chip(key, value, look) {
  const shape = drawing("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    drawing("path", { d: SHAPES[look] }));
  return element("span", { class: `chip ${look}` }, shape,
    element("span", {}, say(key, { value: text(value) })));
}

// An unchanged file is no cause for alarm, and by itself no recommendation.
function fileChip(report) {
  const look = tone(report);
  const plain = look !== "shown" && SIGNED.includes(report.verdict);
  return chip("chip.verdict", `verdict.${report.verdict}`, plain ? "plain" : look);
}

// A trusted signer recommends only what is theirs and as they left it.
function trustChip(report) {
  const { verdict, trust } = report;
  if (trust === "none") return null;
  const looks = { trusted: "plain", untrusted: "caution", expired: "caution", revoked: "against" };
  const look = tone(report) === "shown" ? "shown" : looks[trust];
  const key = verdict === "transplanted" ? worded(report, "chip.trust.other") : "chip.trust";
  return chip(key, `trust.${trust}`, look);
}

function trustLine({ verdict, trust, trusted_by: list }) {
  if (trust === "none" || verdict === "transplanted") return null;
  return element("p", { class: "trust" }, say(`signer.${trust}`, { list: listName(list) }));
}
