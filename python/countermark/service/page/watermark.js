// What is read in the pixels, where it leads, and what happened to the picture since.

import { element, foreign } from "./elements.js";
import { isClip } from "./kinds.js";
import { facts, panel, technical } from "./panel.js";
import { geometry } from "./pictures.js";
import { clock, number, roundly, say, text } from "./words/index.js";

const LARGEST_CHANCE = 1e12; // more would impress nobody

export function watermark(answer) {
  const { report } = answer;
  const items = report.evidence.filter((item) => item.kind === "watermark");
  if (isClip(report)) return inClip(items);
  const mark = report.details?.watermark ?? fromEvidence(items.find((item) => item.found));
  if (!mark) {
    const looked = report.details?.decoded ?? items.some((item) => item.confidence);
    const sure = { level: "none", key: looked ? "sure.none" : "sure.skipped" };
    return panel("watermark", "panel.watermark", sure,
      element("p", {}, say(looked ? "mark.lost" : "mark.skipped")), technical(items));
  }
  const chance = roundly(Math.min(1 / mark.false_positive_rate, LARGEST_CHANCE));
  return panel(
    "watermark",
    "panel.watermark",
    { level: "strong", key: "sure.watermark", values: { chance } },
    element("p", {}, say("mark.found")),
    mark.tiles ? geometry(answer.preview, mark) : null,
    facts([
      ["fact.payload", element("code", {}, mark.payload)],
      ["fact.leads", lead(report, mark)],
      ["fact.turned", turned(mark.rotation_degrees)],
      ["fact.mirrored", say(mark.mirrored ? "yes" : "no")],
      ["fact.scale", percent("scale.of", mark.scale)],
      ["fact.shown", percent("shown.of", mark.shown)],
    ]),
    technical(items),
  );
}

// Those of the frames and of the sound, each with what it leads to.
function inClip(items) {
  const found = items.filter((item) => item.found);
  if (found.length === 0) {
    const sure = { level: "none", key: items.length ? "sure.none" : "sure.skipped" };
    return panel("watermark", "panel.watermark", sure,
      element("p", {}, say(items.length ? "mark.lost.clip" : "mark.skipped")), technical(items));
  }
  const rate = Math.max(...found.map((item) => item.false_positive_rate));
  const chance = roundly(Math.min(1 / rate, LARGEST_CHANCE));
  return panel("watermark", "panel.watermark",
    { level: "strong", key: "sure.watermark.clip", values: { chance } },
    found.flatMap((item) => [
      element("p", {}, say(`mark.found.${item.of}`)),
      facts([
        ["fact.payload", element("code", {}, item.payload)],
        ["fact.leads", leadOfClip(item)],
        ["fact.when", spans(item.stretches)],
      ]),
    ]),
    technical(items));
}

function leadOfClip({ registered, named }) {
  if (named) return say("mark.same");
  if (registered === null) return null;
  return say(registered ? "mark.elsewhere" : "mark.unknown");
}

function spans(stretches) {
  const times = (stretches ?? []).map(([begin, end]) =>
    text("when.span", { begin: clock(begin), end: clock(end) }));
  return times.join(", ");
}

function fromEvidence(item) {
  return item && { ...item, scale: null, shown: null, manifest: undefined };
}

function lead(report, mark) {
  const item = report.evidence.filter((each) => each.kind === "manifest" && each.found).at(-1);
  if (mark.named_by_file || (item && mark.manifest && mark.manifest === item.sha256)) {
    return say("mark.same");
  }
  if (mark.manifest === undefined) return null;
  const other = report.details?.manifests[mark.manifest];
  if (!other) return say("mark.unknown");
  if (!other.holds) return say("similar.broken");
  const title = other.title ?? text("mark.untitled");
  return say("mark.other", { title, signer: other.claim_signer });
}

function turned(degrees) {
  const size = number(Math.abs(degrees), 1);
  if (Math.abs(degrees) < 0.1) return say("turned.no");
  return say(degrees > 0 ? "turned.left" : "turned.right", { degrees: size });
}

function percent(key, share) {
  return share === null || share === undefined ? null : say(key, { percent: number(100 * share) });
}
