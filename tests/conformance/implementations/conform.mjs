// countermark's npm package behind the protocol of the conformance kit, in node.
//
//     python tests/conformance/kit.py -- node conform.mjs PACKAGE
//
// PACKAGE is the folder of the package, build/wasm/package by default. It takes pictures of 8 bits in
// red, green, blue and alpha, as canvases give them: grey ones go in with three equal channels.

import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = process.argv[2] ?? new URL("../../../build/wasm/package", import.meta.url).pathname;
const { CountermarkError, load } = await import(pathToFileURL(`${folder}/node.js`));
const core = await load();

/** A Netpbm file: its head, its channels, and the pixels as a canvas would give them. */
async function read(path) {
  const content = await readFile(path);
  const [head, kind, width, height, highest] =
    /^(P[56])\s+(\d+)\s+(\d+)\s+(\d+)\s/.exec(content.toString("latin1", 0, 64));
  if (highest !== "255") throw new Unsupported();
  const channels = kind === "P6" ? 3 : 1;
  const samples = content.subarray(head.length);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; ++i) {
    for (let c = 0; c < 3; ++c) data[4 * i + c] = samples[channels * i + c % channels];
  }
  return { head, channels, picture: { data, width: Number(width), height: Number(height) } };
}

class Unsupported extends Error {}

const key = (asked) => Uint8Array.from(Buffer.from(asked.key, "hex"));
const payload = (bits) => `ok payload=${bits.toString(16).padStart(16, "0")}`;

const verbs = {
  capabilities: () => "ok capabilities=embed,detect,detect-keyed,pdq",

  async embed(asked) {
    const { head, channels, picture } = await read(asked.picture);
    const { data } = core.embed(picture, BigInt(`0x${asked.payload}`), {
      key: key(asked),
      strength: Number(asked.strength),
    });
    const count = channels * picture.width * picture.height;
    const samples = Buffer.alloc(count);
    for (let i = 0; i < count; ++i) {
      samples[i] = data[4 * Math.floor(i / channels) + i % channels];
    }
    await writeFile(asked.out, Buffer.concat([Buffer.from(head), samples]));
    return "ok";
  },

  async detect(asked) {
    const { picture } = await read(asked.picture);
    const found = core.detect(picture, { key: key(asked), effort: asked.effort });
    return found ? payload(found.payload) : "none";
  },

  async pdq(asked) {
    const { picture } = await read(asked.picture);
    const { bits, quality } = core.fingerprint(picture);
    return `ok hash=${Buffer.from(bits).toString("hex")} quality=${quality}`;
  },
};

async function answer(line) {
  const [verb, ...parts] = line.split(" ");
  if (!Object.hasOwn(verbs, verb)) return "unsupported";
  try {
    return await verbs[verb](Object.fromEntries(parts.map((part) => part.split("="))));
  } catch (error) {
    if (error instanceof Unsupported) return "unsupported";
    if (error instanceof CountermarkError || error.code === "ENOENT") return `refused ${error.message}`;
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await answer(line));
}
