// Pictures in the registry that look like this one.

import { element } from "./elements.js";
import { isClip } from "./kinds.js";
import { panel, technical } from "./panel.js";
import { figure } from "./pictures.js";
import { clock, number, say, text } from "./words/index.js";

const FARTHEST = 31; // bits that may differ

export function similar(answer) {
  const { report, preview, thumbnails } = answer;
  const items = report.evidence.filter((item) => item.kind === "fingerprint");
  if (isClip(report)) return clips(items);
  const found = report.details?.similar ?? fromEvidence(items);
  if (!found || found.length === 0) {
    const sure = { level: "none", key: found ? "sure.none" : "sure.skipped" };
    return panel("similar", "panel.similar", sure,
      element("p", {}, say(found ? "similar.lost" : "similar.skipped")), technical(items));
  }
  const item = report.evidence.filter((each) => each.kind === "manifest" && each.found).at(-1);
  return panel(
    "similar",
    "panel.similar",
    { level: "weak", key: "sure.similar" },
    element("p", {}, say("similar.found")),
    element("ol", { class: "near" }, found.map((each) => element(
      "li",
      {},
      thumbnails ? element("div", { class: "pair" },
        figure(preview, "image.received", "image.none"),
        figure(thumbnails.get(each.manifest), "image.registry", "image.unsigned")) : null,
      element("p", { class: "distance" },
        element("meter", { min: 0, max: FARTHEST, value: FARTHEST - each.distance,
          "aria-label": text("similar.distance", each) }),
        element("span", {}, say("similar.distance", each))),
      whose(report, each, item),
    ))),
    technical(items),
  );
}

// Sounds and movies that are like this one, in their pictures, their sound or both.
function clips(items) {
  const found = items.filter((item) => item.found);
  if (found.length === 0) {
    const sure = { level: "none", key: items.length ? "sure.none" : "sure.skipped" };
    const key = items.length ? "similar.lost.clip" : "similar.skipped.clip";
    return panel("similar", "panel.similar", sure, element("p", {}, say(key)), technical(items));
  }
  return panel("similar", "panel.similar", { level: "weak", key: "sure.similar" },
    element("p", {}, say("similar.found.clip")),
    element("ul", {}, found.map((item) => element("li", {}, likeness(item)))),
    technical(items));
}

function likeness(item) {
  if (item.of === "video") {
    return say("similar.video", { percent: number(100 * item.query_share) });
  }
  const percent = number(100 * (1 - item.error_rate));
  return say("similar.sound",
    { seconds: number(item.seconds), at: clock(item.at_seconds), percent });
}

function fromEvidence(items) {
  const near = items.filter((item) => item.found).map(({ distance }) => ({ distance }));
  return near.length || items.some((item) => item.quality >= 50) ? near : null;
}

function whose(report, each, item) {
  const manifest = report.details?.manifests[each.manifest];
  if (!manifest) return null;
  if (item && item.sha256 === each.manifest) return element("p", {}, say("similar.same"));
  if (!manifest.holds) return element("p", {}, say("similar.broken"));
  return element("p", {}, say("similar.other", { signer: manifest.claim_signer }));
}
