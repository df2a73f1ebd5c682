// What the browser read by itself: no verdict, and an offer to ask the service for one.

import { chain, when } from "./chain.js";
import { element, foreign } from "./elements.js";
import { facts, panel, technical } from "./panel.js";
import { figure } from "./pictures.js";
import { isLocal } from "./service.js";
import { statements } from "./stated.js";
import { number, say, text } from "./words/index.js";

const SURE = {
  holds: { level: "weak", key: "sure.here.holds" },
  unbound: { level: "weak", key: "sure.here.unbound" },
  changed: { level: "against", key: "sure.here.changed" },
  invalid: { level: "against", key: "sure.credential.invalid" },
};

// `seen`: what was read, or null; `why`: why nothing could be. `send`: asks the service.
export function here(answer, send) {
  const { preview, file } = answer;
  return [
    element("section", { class: "verdict open", "aria-labelledby": "headline" },
      figure(preview, "image.received", "image.none"),
      element("div", {},
        element("h2", { id: "headline" }, say(headlineKey(answer))),
        element("p", { class: "means" }, say("here.means")),
        offer(file, send),
        element("p", { class: "file" }, element("bdi", {}, file.name),
          ` · ${text("fact.bytes", { size: number(file.size) })}`))),
    element("div", { class: "panels alone" }, credential(answer)),
  ];
}

export function headlineKey({ seen, why }) {
  if (why) return why === "elsewhere" ? "here.elsewhere" : "here.unread";
  return `here.${seen?.state ?? "none"}`;
}

export function offer(file, send) {
  const key = isLocal() ? "here.offer.local" : "here.offer";
  const button = element("button", { type: "button", class: "choose" }, say("here.ask"));
  button.addEventListener("click", send);
  return element("div", { class: "offer" },
    element("p", {}, say(key, { size: number(file.size), host: location.host })), button);
}

export function credential({ seen, why, preview, thumbnails }) {
  if (!seen) {
    const key = { level: "none", key: why ? "sure.here.unread" : "sure.none" };
    return panel("credential", "panel.credential", key,
      element("p", {}, say(why ? `unread.${why}` : "none.here")));
  }
  const counts = seen.state !== "invalid";
  return panel("credential", "panel.credential.file", SURE[seen.state],
    element("p", {}, say("here.by")),
    counts ? signature(seen) : element("p", {}, say("signer.none")),
    counts ? element("div", { class: "pair" },
      figure(preview, "image.received", "image.none"),
      figure(thumbnails.get(seen), "image.thumbnail", "image.unsigned")) : null,
    counts ? statements(seen, "states") : null,
    counts ? chain(seen, thumbnails, "made") : null,
    technical([], [["manifest", seen.label], ["failures", seen.failures.join(", ")]],
      "more.note.here"));
}

function signature(seen) {
  return facts([
    ["fact.claimed", foreign(seen.claim_signer)],
    ["fact.trust", say("signer.unjudged")],
    ["fact.time", when(seen)],
  ]);
}
