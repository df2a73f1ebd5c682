// Where people complain, appeal and report, if the service lets anybody do so.

import { element } from "./elements.js";
import { complain, complaintState, Refusal, terms } from "./service.js";
import { has, say, text, time } from "./words/index.js";

const KINDS = ["report", "complaint", "appeal"];
const PAYLOAD = /^[0-9a-f]{16}$/;

let place = null; // the input for what the complaint is about
let drawn = []; // redraws what words alone do not say, in another language too

export function isOpen() {
  return document.querySelector('meta[name="complaints"]') !== null;
}

// The section, folded up. The page puts words into whatever has data-words.
export function desk() {
  const limits = element("ul", { class: "note" });
  const folded = element("details", {},
    element("summary", { "data-words": "complain.title" }),
    element("p", { "data-words": "complain.lead" }),
    limits, filing(), asking());
  folded.addEventListener("toggle", () => showTerms(limits), { once: true });
  return element("section", { class: "desk" }, folded);
}

// What the answer on the page is about.
export function fillIn(report) {
  const mark = report?.evidence?.find(({ kind, found }) => kind === "watermark" && found);
  if (place && mark?.payload) place.value = mark.payload;
}

export function speakAgain() {
  for (const draw of drawn) draw();
}

function filing() {
  const kind = element("select", { id: "complaint-kind" }, KINDS.map((name) =>
    element("option", { value: name, "data-words": `complain.${name}` })));
  place = element("input", { id: "complaint-about", maxlength: 2048, required: "" });
  const contact = element("input", { id: "complaint-contact", maxlength: 256, autocomplete: "email" });
  const words = element("textarea", { id: "complaint-words", maxlength: 4000, rows: 4 });
  const form = formOf("complain.send", kind, place, contact, words);
  answering(form, async () => {
    const named = place.value.trim();
    const filed = { kind: kind.value };
    if (PAYLOAD.test(named.toLowerCase())) filed.payload = named.toLowerCase();
    else filed.url = named;
    if (contact.value.trim()) filed.contact = contact.value.trim();
    if (words.value.trim()) filed.text = words.value.trim();
    const { ticket, secret, deadline } = await complain(filed);
    form.reset();
    return () => [
      element("strong", {}, say("complain.done", { deadline: time(deadline) })),
      element("br"), say("complain.ticket", { ticket, secret }),
    ];
  });
  return form;
}

function asking() {
  const ticket = element("input", { id: "complaint-ticket", pattern: "[0-9a-f]{16}", required: "" });
  const secret = element("input", { id: "complaint-secret", required: "", autocomplete: "off" });
  const form = formOf("complain.ask", ticket, secret);
  answering(form, async () => {
    const found = await complaintState(ticket.value.trim(), secret.value.trim());
    return () => say(`complain.is.${found.state}`, {
      since: time(found.since), deadline: time(found.deadline),
    });
  });
  return form;
}

// Each field under its label, the button and the place for the answer last.
function formOf(button, ...fields) {
  return element("form", {},
    fields.map((field) => element("p", {},
      element("label", { for: field.id, "data-words": field.id.replace("-", ".") }), field)),
    element("p", {}, element("button", { "data-words": button })),
    element("p", { class: "said", "aria-live": "polite", tabindex: "-1" }));
}

function answering(form, send) {
  const said = form.querySelector(".said");
  let draw = () => [];
  drawn.push(() => said.replaceChildren(...draw().flat()));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      draw = await send();
    } catch (error) {
      const code = error instanceof Refusal ? error.status : "other";
      const key = has(`complain.failed.${code}`) ? code : "other";
      draw = () => say(`complain.failed.${key}`, { status: code });
    }
    button.disabled = false;
    speakAgain();
    said.focus();
  });
}

async function showTerms(limits) {
  const found = await terms().catch(() => null);
  if (!found) return;
  drawn.push(() => limits.replaceChildren(...KINDS.map((kind) => {
    const [[unit, days]] = Object.entries(found.terms[kind]);
    return element("li", {}, say(`complain.term.${unit}`, { kind: text(`complain.${kind}`), days }));
  })));
  speakAgain();
}
