// What this browser saw in the pixels by itself, and what the service knows of it: no verdict, and an
// offer to ask the service for one.

import { element } from "./elements.js";
import { credential, offer } from "./here.js";
import { facts, panel } from "./panel.js";
import { figure } from "./pictures.js";
import { number, roundly, say, text } from "./words/index.js";

const LARGEST_CHANCE = 1e12; // more would impress nobody

// `pixels`: as `seePixels` gives it; `here`: what the browser read in the file, or null where it cannot
// read. `send`: asks the service.
export function alone(answer, send) {
  const { preview, file } = answer;
  return [
    element("section", { class: "verdict open", "aria-labelledby": "headline" },
      figure(preview, "image.received", "image.none"),
      element("div", {},
        element("h2", { id: "headline" }, say(headlineKey(answer))),
        element("p", { class: "means" }, say(answer.pixels.why ? "alone.untold" : "alone.means")),
        offer(file, send),
        element("p", { class: "file" }, element("bdi", {}, file.name),
          ` · ${text("fact.bytes", { size: number(file.size) })}`))),
    element("div", { class: "panels" },
      columns(answer).map((column) => element("div", {}, ...column))),
  ];
}

function columns(answer) {
  const { pixels, here } = answer;
  const seen = [watermark(pixels), similar(pixels)];
  return here ? [[credential({ ...answer, ...here })], seen] : seen.map((each) => [each]);
}

export function headlineKey({ pixels: { mark, led, similar, why } }) {
  if (why) return `alone.${why}`;
  if (mark) return led?.length ? "alone.known" : led ? "alone.unknown" : "alone.unasked";
  return similar?.length ? "alone.similar" : "alone.none";
}

function watermark({ mark, led, why }) {
  if (!mark) {
    const sure = { level: "none", key: why ? "sure.skipped" : "sure.none" };
    return panel("watermark", "panel.watermark", sure,
      element("p", {}, say(why ? "mark.skipped" : "mark.lost")));
  }
  const chance = roundly(Math.min(1 / mark.false_positive_rate, LARGEST_CHANCE));
  return panel("watermark", "panel.watermark",
    { level: "strong", key: "sure.watermark", values: { chance } },
    element("p", {}, say("mark.found")),
    facts([
      ["fact.payload", element("code", {}, mark.payload)],
      ["fact.leads", leads(led)],
    ]));
}

function leads(led) {
  if (!led) return say("alone.refused");
  if (led.length === 0) return say("mark.unknown");
  return element("ul", {}, led.map((each) => element("li", {}, identifier(each))));
}

function similar({ similar: found }) {
  if (!found?.length) {
    const sure = { level: "none", key: found ? "sure.none" : "sure.skipped" };
    return panel("similar", "panel.similar", sure,
      element("p", {}, say(found ? "similar.lost" : "similar.skipped")));
  }
  return panel("similar", "panel.similar", { level: "weak", key: "sure.similar" },
    element("p", {}, say("similar.found")),
    element("ol", { class: "near" }, found.map((each) => element("li", {},
      element("p", {}, identifier(each)),
      element("p", { class: "distance" },
        element("span", {}, say("alone.agree", { percent: number(each.similarityScore, 1) })))))));
}

function identifier({ manifestId }) {
  return element("code", {}, element("bdi", {}, manifestId));
}
