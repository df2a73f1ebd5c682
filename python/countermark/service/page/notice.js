// What the registry knows of this content, such as a refutation: it stands before the verdict.

import { element, foreign, link } from "./elements.js";
import { facts } from "./panel.js";
import { current, has, number, say, text, time } from "./words/index.js";

export function notices({ report }) {
  return (report.notices ?? []).map(notice);
}

// To the ear as to the eye: first.
export function noticesText({ notices: found }) {
  return (found ?? []).map((each) => {
    const said = words(each);
    return said ? `${text(`notice.${each.kind}`)}: ${said.title}.` : `${text(`notice.${each.kind}`)}.`;
  }).join(" ");
}

function notice(each, place) {
  const said = words(each);
  const id = `notice-${place}`;
  const kind = element("span", { class: "chip" }, say(`notice.${each.kind}`));
  return element(
    "section",
    { class: `notice ${each.kind === "protected" ? "caution" : "against"}`, "aria-labelledby": id },
    said ? element("p", { class: "chips" }, kind) : null,
    element("h2", { id, lang: said?.language },
      said ? foreign(said.title) : say(`notice.${each.kind}`)),
    said ? element("div", { lang: said.language },
      said.text.split("\n").map((line) => element("p", { class: "said" }, foreign(line)))) : null,
    element("p", { class: "whose" }, say(each.authority ? "notice.list" : "notice.two",
      { authority: each.authority })),
    facts([
      ["fact.reason", reason(each.reason)],
      ["fact.according", foreign(each.source)],
      ["fact.dated", each.statement?.date],
      ["fact.more", link(each.statement?.link)],
      ["fact.known", known(each)],
      ["fact.signers", each.signed_by.length ? foreign(each.signed_by.join(", ")) : null],
      ["fact.since", time(each.since)],
    ]),
  );
}

// The statement in the language of the page, or else in English, or in its first one.
function words({ statement }) {
  if (!statement) return null;
  const names = Object.keys(statement.texts);
  const base = current().split("-")[0];
  const language = names.find((name) => name === current())
    ?? names.find((name) => name.toLowerCase().split("-")[0] === base)
    ?? names.find((name) => name.toLowerCase().split("-")[0] === "en")
    ?? names[0];
  return { language, ...statement.texts[language] };
}

function reason(code) {
  return has(`reason.${code}`) ? say(`reason.${code}`) : foreign(code);
}

function known({ distance, share, by_watermark: byWatermark }) {
  const ways = [];
  if (typeof share === "number") ways.push(say("known.share", { percent: number(100 * share) }));
  if (distance !== null) ways.push(say("known.fingerprint", { distance: number(distance) }));
  if (byWatermark) ways.push(say("known.watermark"));
  return ways.map((way) => element("span", { class: "way" }, way));
}
