// Whether the log of the service tells of the credential shown, checked by the browser itself.

import { element, foreign } from "./elements.js";
import { facts, panel, technical } from "./panel.js";
import { canCheck, checked } from "./proof.js";
import { proofOf } from "./service.js";
import { number, say, time } from "./words/index.js";

const NAME = "log";
const findings = new WeakMap(); // by report: drawn anew in another language, nothing is asked anew

export function log(answer) {
  const { report } = answer;
  const item = report.evidence.filter((each) => each.kind === "manifest" && each.found).at(-1);
  const position = report.details?.leaves?.[item?.sha256];
  if (position === undefined) return absent(report, item);
  const place = waiting();
  finding(report, item.sha256, position).then((found) => place.replaceWith(shown(found)));
  return place;
}

function absent(report, item) {
  const looked = Boolean(report.details?.leaves && item);
  return panel(NAME, "panel.log", { level: "none", key: looked ? "sure.none" : "sure.skipped" },
    element("p", {}, say(looked ? "log.lost" : "log.skipped")));
}

function waiting() {
  const place = panel(NAME, "panel.log", { level: "none", key: "sure.log.checking" });
  place.setAttribute("aria-busy", "true");
  return place;
}

function finding(report, sha256, position) {
  if (!findings.has(report)) findings.set(report, found(sha256, position));
  return findings.get(report);
}

async function found(sha256, position) {
  try {
    const { proof, key } = await proofOf(position);
    if (!canCheck()) return { state: "unchecked" };
    const result = await checked(proof, key);
    const holds = result.included && result.signed !== false
      && result.position === position && result.leaf.manifest_sha256 === sha256;
    const state = holds ? (result.signed ? "proven" : "unsigned") : "wrong";
    return { ...result, state };
  } catch (error) {
    return { state: "silent", message: String(error.message) };
  }
}

const LEVELS = { proven: "strong", unsigned: "weak", unchecked: "weak", silent: "none", wrong: "against" };

function shown(result) {
  const { state, note, leaf } = result;
  const sure = { level: LEVELS[state], key: `sure.log.${state}` };
  return panel(
    NAME,
    "panel.log",
    sure,
    element("p", {}, say(`log.${state}`)),
    note ? facts([
      ["fact.entered", leaf.at ? say("log.at", { time: time(leaf.at) }) : null],
      ["fact.leaf", say("log.place", { position: number(result.position + 1), size: number(note.size) })],
      ["fact.checkpoint", say(result.signed ? "log.signed" : "log.named", { name: note.origin })],
      ["fact.witnesses", witnesses(note)],
    ]) : null,
    note ? element("p", { class: "note" }, say("log.not")) : null,
    note ? technical([], raw(result)) : technical([], [["error", result.message]]),
  );
}

// Names are by strangers; whether a witness is who it says, this page cannot know.
function witnesses({ witnesses: found }) {
  if (found.length === 0) return say("witness.none");
  return element("ul", {}, found.map(({ name, at }) =>
    element("li", {}, say("witness.says", { name, time: time(at) }))));
}

function raw({ leaf, note }) {
  return [["leaf", JSON.stringify(leaf)], ["checkpoint", note.text.trim()]];
}
