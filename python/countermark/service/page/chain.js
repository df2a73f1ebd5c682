// What a picture was made from: a tree of earlier manifests, each judged by itself.

import { element, foreign } from "./elements.js";
import { facts } from "./panel.js";
import { thumbnail } from "./pictures.js";
import { actions, source } from "./stated.js";
import { has, listName, say, text, time } from "./words/index.js";

const CHANGED = /^assertion\.(dataHash|bmffHash|boxesHash|collectionHash)\./;
const LEVELS = { invalid: "against", missing: "weak", redacted: "weak", changed: "weak" };

// `thumbnails`: pictures by ingredient.
export function chain({ ingredients, omitted }, thumbnails, titleKey) {
  if (!ingredients?.length && !omitted) return null;
  return element("div", { class: "made" },
    element("h4", {}, say(titleKey)),
    element("p", { class: "note" }, say("made.note")),
    tree(ingredients, omitted, thumbnails));
}

function tree(ingredients, omitted, thumbnails) {
  if (ingredients.length === 0 && !omitted) return null;
  return element("ol", { class: "parts" },
    ingredients.map((each) => part(each, thumbnails)),
    omitted ? element("li", { class: "note" }, say("made.omitted", { count: omitted })) : null);
}

function part(ingredient, thumbnails) {
  const { state, recorded_failures: recorded } = ingredient;
  const changed = state === "holds" && recorded.some((code) => CHANGED.test(code));
  const shown = changed ? "changed" : state;
  return element("li", {},
    element("div", { class: thumbnails ? "part" : null },
      thumbnails ? thumbnail(thumbnails.get(ingredient)) : null,
      element("div", {},
        element("p", { class: "role" }, role(ingredient)),
        element("p", { class: `sure ${LEVELS[shown] ?? "none"}` }, say(`state.${shown}`)),
        state === "holds" ? signed(ingredient) : null)),
    tree(ingredient.ingredients, ingredient.omitted, thumbnails));
}

function role({ role: name, title }) {
  const key = has(`role.${name}`) ? `role.${name}` : "role.other";
  return title ? say("role.titled", { role: text(key), title }) : say(key);
}

function signed(ingredient) {
  const { trust } = ingredient;
  return facts([
    [trust === "trusted" ? "fact.signer" : "fact.claimed", foreign(ingredient.claim_signer)],
    ["fact.trust", trustWords(ingredient)],
    ["fact.time", when(ingredient)],
    ["fact.generator", ingredient.generator ? foreign(ingredient.generator) : null],
    ["fact.source", source(ingredient.digital_source)],
    ["fact.actions", actions(ingredient.actions)],
  ]);
}

function trustWords({ trust, trusted_by: list }) {
  if (trust === "trusted") return say("trust.by", { list: listName(list) });
  return element("span", { class: "doubt" }, say(`trust.${trust ?? "unjudged"}`));
}

// Proven by the service, stated to the browser, or neither.
export function when({ signed_at: at, time_stamped_by: authority, stamped_at: stamped }) {
  if (at) return say("time.proven", { time: time(at), authority });
  return stamped ? say("time.stated", { time: time(stamped) }) : say("time.unproven");
}
