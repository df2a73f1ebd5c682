// Reads the watermark in a picture and computes its fingerprint, by the core beside this file. Takes
// one file; answers with what was found, or why nothing could be.

import { load } from "./countermark.js";

const MAX_PIXELS = 50e6; // as the service has it
const SHORT = "image-too-small";

addEventListener("message", async ({ data: file }) => {
  try {
    postMessage({ found: await look(file) });
  } catch (error) {
    postMessage({ why: error.message === "large" ? "large" : "failed" });
  }
});

async function look(file) {
  const core = await load();
  const picture = await pixels(file);
  if (!picture) return null;
  const mark = unlessShort(() => core.detect(picture));
  const fingerprint = unlessShort(() => core.fingerprint(picture));
  return { mark, fingerprint };
}

// Null where the browser cannot decode them.
async function pixels(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) throw new Error("large");
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

function unlessShort(act) {
  try {
    return act();
  } catch (error) {
    if (error.code === SHORT) return null;
    throw error;
  }
}
