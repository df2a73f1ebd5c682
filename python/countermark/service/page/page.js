// The page: takes one file, reads its credential if the browser can, asks the service it comes
// from, shows the answer.

import { alone, headlineKey as aloneKey } from "./alone.js";
import { canRead, read, Unread } from "./browser.js";
import { desk, fillIn, isOpen, speakAgain } from "./complain.js";
import { element } from "./elements.js";
import { headlineKey, here } from "./here.js";
import { notices, noticesText } from "./notice.js";
import { panels } from "./panels.js";
import { canLook, seePixels } from "./pixels.js";
import { decoded, decodedParts, decodedThumbnail } from "./pictures.js";
import { isLocal, Refusal, verify } from "./service.js";
import { headlineText, verdict } from "./verdict.js";
import { choose, current, has, say, text } from "./words/index.js";

const input = document.getElementById("file");
const drop = document.getElementById("drop");
const option = document.getElementById("alone"); // the picture shall not leave the browser
const status = document.getElementById("status");
const place = document.getElementById("answer");

let asking = null; // ends the question that runs
let shown = null; // redraws what is shown, in another language too

// What is said; to the ear alone where the answer says it to the eye.
function announce(words, isShown = false) {
  status.textContent = words;
  status.classList.toggle("heard", isShown);
}

// Where the browser can read, nothing is sent before somebody asks for it.
function take(files) {
  const [file] = files;
  const how = option.checked ? lookAlone : canRead() ? look : ask;
  if (!file) announce(text("status.nothing"));
  else examine(file, (signal) => how(file, signal, files.length));
}

async function examine(file, how) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  show(null);
  document.body.classList.add("busy");
  announce(text("status.reading", { file: file.name }));
  try {
    const draw = await how(signal);
    if (!signal.aborted) show(draw);
  } catch (error) {
    if (signal.aborted) return;
    const refusal = error instanceof Refusal ? error : new Refusal("other", String(error));
    show(() => showRefusal(refusal));
  } finally {
    if (!signal.aborted) document.body.classList.remove("busy");
  }
}

async function ask(file, signal, count) {
  const [report, preview] = await Promise.all([verify(file, signal), decoded(file)]);
  const thumbnails = await decodedAll(report.details);
  const answer = { report, file, preview, thumbnails };
  return () => showAnswer(answer, count);
}

async function look(file, signal, count) {
  const [found, preview] = await Promise.all([readHere(file, signal), decoded(file)]);
  const answer = { ...found, file, preview, thumbnails: await decodedHere(found) };
  return () => showUnjudged(answer, count, headlineKey, here);
}

async function lookAlone(file, signal, count) {
  const reading = canRead() ? readHere(file, signal) : null;
  const [found, pixels, preview] = await Promise.all(
    [reading, seePixels(file, signal), decoded(file)]);
  const thumbnails = found && await decodedHere(found);
  const answer = { pixels, here: found, file, preview, thumbnails };
  return () => showUnjudged(answer, count, aloneKey, alone);
}

async function decodedHere({ seen }) {
  const thumbnails = await decodedParts(seen?.ingredients);
  if (seen) thumbnails.set(seen, await decodedThumbnail(seen.thumbnail));
  return thumbnails;
}

async function readHere(file, signal) {
  try {
    return { seen: await read(file, signal), why: null };
  } catch (error) {
    if (signal.aborted) throw error;
    return { seen: null, why: error instanceof Unread ? error.why : "damaged" };
  }
}

async function decodedAll(details) {
  if (!details) return null;
  const found = new Map();
  for (const [digest, manifest] of Object.entries(details.manifests)) {
    found.set(digest, await decodedThumbnail(manifest.thumbnail));
    await decodedParts(manifest.ingredients, found);
  }
  return found;
}

function show(draw) {
  shown = draw;
  place.hidden = draw === null;
  document.body.classList.toggle("answered", draw !== null);
  if (draw === null) place.replaceChildren();
  else draw();
}

function showAnswer(answer, count) {
  const headline = `${noticesText(answer.report)} ${headlineText(answer.report)}`.trim();
  announceDone(headline, count);
  place.replaceChildren(...notices(answer), verdict(answer), panels(answer));
  fillIn(answer.report);
}

function showUnjudged(answer, count, key, draw) {
  announceDone(text(key(answer)), count);
  const send = () => {
    document.getElementById("status").focus(); // the button is about to go
    examine(answer.file, (signal) => ask(answer.file, signal, count));
  };
  place.replaceChildren(...draw(answer, send));
}

function announceDone(headline, count) {
  const done = text("status.done", { headline });
  if (count > 1) announce(`${done} ${text("status.first", { count })}`);
  else announce(done, true);
}

function showRefusal({ status: code, message }) {
  const key = has(`failed.${code}`) ? `failed.${code}` : "failed.other";
  announce(text(key, { status: code }), true);
  place.replaceChildren(element("section", { class: "verdict open failed" },
    element("div", {},
      element("h2", { id: "headline" }, say("failed.title")),
      element("p", { class: "means" }, say(key, { status: code })),
      element("p", { class: "file", lang: "en" }, message))));
}

function speak() {
  document.documentElement.lang = current();
  document.title = text("title");
  for (const node of document.querySelectorAll("[data-words]")) {
    node.replaceChildren(...say(node.dataset.words));
  }
  const languages = document.getElementById("languages");
  languages.setAttribute("aria-label", text("language"));
  for (const button of languages.children) {
    button.setAttribute("aria-pressed", String(button.lang === current()));
  }
  sayWhereTo();
  if (shown) shown();
  else announce("");
  speakAgain();
}

function sayWhereTo() {
  const local = isLocal() ? "ask.private" : "ask.sent";
  const key = option.checked ? "ask.alone.sent" : canRead() ? `${local}.here` : local;
  document.getElementById("privacy").replaceChildren(...say(key, { host: location.host }));
}

function filesIn(transfer) {
  return [...(transfer?.files ?? [])];
}

document.getElementById("languages").addEventListener("click", ({ target }) => {
  if (target.lang) {
    choose(target.lang);
    speak();
  }
});
option.addEventListener("change", sayWhereTo);
input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = ""; // so that the same file can be chosen again
  take(files);
});
document.addEventListener("paste", (event) => {
  if (!event.target.closest?.("form")) take(filesIn(event.clipboardData));
});
document.addEventListener("dragover", (event) => {
  event.preventDefault(); // or the browser would open the file in place of the page
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const entry = event.dataTransfer?.items[0]?.webkitGetAsEntry?.();
  take(entry?.isDirectory ? [] : filesIn(event.dataTransfer));
});

document.getElementById("option").hidden = !canLook();
if (isOpen()) document.querySelector("main").append(desk());
speak();
