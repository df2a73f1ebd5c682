// Looks into the pixels of a picture in this browser, where the core of countermark is at hand: the
// picture goes nowhere, and the service is asked only what its watermark and fingerprint lead to.

import { matches } from "./service.js";

const PLACE = document.querySelector('meta[name="core"]')?.content;
const SECONDS = 60;
const WATERMARK = "org.countermark.image.1";
const FINGERPRINT = "org.countermark.pdq.1";
const LEAST_QUALITY = 50; // of a fingerprint that means something

export function canLook() {
  return PLACE !== undefined;
}

// `mark`: payload in hexadecimal and chance, or null; `led`, `similar`: what mark and fingerprint lead
// to, null where nobody was asked or the service tells nobody unknown; `why`: nothing could be seen.
export async function seePixels(file, signal) {
  const { found, why } = await answerOf(file, signal);
  if (!found) return { mark: null, led: null, similar: null, why: why ?? "undecoded" };
  const { mark, fingerprint } = found;
  const means = fingerprint !== null && fingerprint.quality >= LEAST_QUALITY;
  const [led, similar] = await Promise.all([
    mark && matches(WATERMARK, bytesOf(mark.payload), signal),
    means ? matches(FINGERPRINT, fingerprint.bits, signal) : null,
  ]);
  return { mark: mark && shown(mark), led, similar, why: null };
}

function bytesOf(payload) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, payload); // the greatest first
  return bytes;
}

function shown({ payload, falsePositiveRate }) {
  return { payload: payload.toString(16).padStart(16, "0"), false_positive_rate: falsePositiveRate };
}

// What the worker says, or what comes before it: it fails, time runs out, nobody waits any more.
async function answerOf(file, signal) {
  const worker = new Worker(`${PLACE}worker.js`, { type: "module" });
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
      worker.addEventListener("error", () => resolve({ why: "failed" }));
      timer = setTimeout(() => resolve({ why: "late" }), SECONDS * 1000);
      signal.addEventListener("abort", () => reject(signal.reason));
      worker.postMessage(file);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate(); // and with it the memory of a large picture
  }
}
