// The page: takes one file, asks the service it comes from, shows the answer.

import { element } from "./elements.js";
import { notices, noticesText } from "./notice.js";
import { panels } from "./panels.js";
import { decoded, decodedThumbnail } from "./pictures.js";
import { isLocal, Refusal, verify } from "./service.js";
import { headlineText, verdict } from "./verdict.js";
import { choose, current, has, say, text } from "./words/index.js";

const input = document.getElementById("file");
const drop = document.getElementById("drop");
const status = document.getElementById("status");
const place = document.getElementById("answer");

let asking = null; // ends the question that runs
let shown = null; // redraws what is shown, in another language too

// What is said; to the ear alone where the answer says it to the eye.
function announce(words, isShown = false) {
  status.textContent = words;
  status.classList.toggle("heard", isShown);
}

async function ask(files) {
  const [file] = files;
  if (!file) {
    announce(text("status.nothing"));
    return;
  }
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  show(null);
  document.body.classList.add("busy");
  announce(text("status.reading", { file: file.name }));
  try {
    const [report, preview] = await Promise.all([verify(file, signal), decoded(file)]);
    const thumbnails = await decodedAll(report.details);
    if (signal.aborted) return;
    const answer = { report, file, preview, thumbnails };
    show(() => showAnswer(answer, files.length));
  } catch (error) {
    if (signal.aborted) return;
    const refusal = error instanceof Refusal ? error : new Refusal("other", String(error));
    show(() => showRefusal(refusal));
  } finally {
    if (!signal.aborted) document.body.classList.remove("busy");
  }
}

async function decodedAll(details) {
  if (!details) return null;
  const pairs = Object.entries(details.manifests).map(
    async ([digest, manifest]) => [digest, await decodedThumbnail(manifest.thumbnail)]);
  return new Map(await Promise.all(pairs));
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
  const done = text("status.done", { headline });
  if (count > 1) announce(`${done} ${text("status.first", { count })}`);
  else announce(done, true);
  place.replaceChildren(...notices(answer), verdict(answer), panels(answer));
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
  const privacy = document.getElementById("privacy");
  privacy.replaceChildren(...say(isLocal() ? "ask.private" : "ask.sent", { host: location.host }));
  if (shown) shown();
  else announce("");
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
input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = ""; // so that the same file can be chosen again
  ask(files);
});
document.addEventListener("paste", (event) => ask(filesIn(event.clipboardData)));
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
  ask(entry?.isDirectory ? [] : filesIn(event.dataTransfer));
});

speak();
