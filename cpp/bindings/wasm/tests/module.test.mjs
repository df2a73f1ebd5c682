// What stands in the module itself, and that it computes the golden vectors bit for bit.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { gzipSync } from "node:zlib";

import { at, CountermarkError, load } from "./package.mjs";

const VECTORS = new URL("../../../../tests/vectors/", import.meta.url);
const FORMATS = { "1 8": 0, "3 8": 1, "4 8": 2, "1 16": 3, "3 16": 4, "4 16": 5 };
const RGBA = 2;

const lines = async (name) => (await readFile(new URL(name, VECTORS), "utf8"))
  .split("\n").filter((line) => line && !line.startsWith("#")).map((line) => line.split(" "));

// The module of vectors.cc: the same core in all formats.
async function reference() {
  const bytes = await readFile(at("../vectors.wasm"));
  const imports = { wasi_snapshot_preview1: new Proxy({}, { get: (_, name) => () => assert.fail(name) }) };
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  instance.exports._initialize();
  return instance.exports;
}

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const view = (module, bytes) => {
  const place = module.samples(bytes); // which may let memory grow
  return new Uint8Array(module.memory.buffer, place, bytes);
};

test("marks are the same bits in every format", async () => {
  const module = await reference();
  const core = await load();
  let seen = 0;
  for (const [width, height, format, payload, key, strength, crc] of await lines("watermark.txt")) {
    const size = [Number(width), Number(height)];
    const options = [BigInt.asIntN(64, BigInt(payload)), Number(key), Number(strength) / 100];
    const bytes = module.noise(...size, Number(format));
    const picture = view(module, bytes).slice();
    module.marked(...size, Number(format), ...options);
    assert.equal((module.crc() >>> 0).toString(16), crc);
    seen += 1;
    if (Number(format) !== RGBA) continue;
    const secret = Uint8Array.from(await defaultKey(), (byte, i) => (i ? byte : Number(key)));
    const marked = core.embed({ data: picture, width: size[0], height: size[1] }, BigInt(payload),
      { key: secret, strength: options[2] });
    assert.equal(hex(marked.data), hex(view(module, bytes)));
    assert.equal(core.detect(marked, { key: secret }).payload, BigInt(payload));
    seen += 100;
  }
  assert.ok(seen > 100 && seen % 100 >= 6, "vectors in all formats, one of them by the front");
});

// The package leaves sound out, for its size; the core is the same.
test("marked sounds are the same bits in every format", async () => {
  const module = await reference();
  let seen = 0;
  for (const [rate, channels, format, latency, payload, ...rest] of await lines("audio.txt")) {
    const [key, strength, frames] = rest.slice(0, 3).map(Number);
    const sound = [rate, channels, format, latency].map(Number);
    const status = module.marked_sound(
      ...sound, BigInt.asIntN(64, BigInt(payload)), key, strength / 100, frames);
    assert.equal(status, 0);
    assert.equal((module.crc() >>> 0).toString(16), rest[3]);
    seen += 1;
  }
  assert.ok(seen >= 6, "vectors in all formats");
});

// As the C header of the core publishes it.
async function defaultKey() {
  const { exports } = await WebAssembly.instantiate(
    await WebAssembly.compile(await readFile(at("countermark.wasm"))));
  return new Uint8Array(exports.memory.buffer, exports.defaultKey(), exports.keyBytes()).slice();
}

test("fingerprints are the same bits in every format", async () => {
  const module = await reference();
  const core = await load();
  let seen = 0;
  for (const [width, height, channels, bits, quality, ...hashes] of await lines("pdq.txt")) {
    const [w, h, count, depth] = [width, height, channels, bits].map(Number);
    const samples = new (depth === 8 ? Uint8Array : Uint16Array)(w * h * count);
    samples.forEach((_, i) => {
      const channel = i % count;
      const [x, y] = [Math.floor(i / count) % w, Math.floor(i / count / w)];
      samples[i] = ((x * x + 3 * y * y + x * y * channel) >>> (16 - depth)) & (2 ** depth - 1);
    });
    const raw = new Uint8Array(samples.buffer);
    view(module, raw.length).set(raw);
    assert.equal(module.hashes(w, h, FORMATS[`${channels} ${bits}`]), Number(quality));
    assert.equal(hex(view(module, 256)), hashes.join(""));
    seen += 1;
    if (FORMATS[`${channels} ${bits}`] !== RGBA) continue;
    const found = core.fingerprint({ data: raw, width: w, height: h });
    assert.deepEqual([hex(found.bits), found.quality], [hashes[0], Number(quality)]);
    seen += 100;
  }
  assert.ok(seen > 100 && seen % 100 >= 6, "vectors in all formats, some of them by the front");
});

test("the module is small, imports nothing and is of version and target stated", async () => {
  const bytes = await readFile(at("countermark.wasm"));
  assert.ok(bytes.length <= 200_000, `${bytes.length} bytes`);
  assert.ok(gzipSync(bytes).length <= 90_000, `${gzipSync(bytes).length} bytes in gzip`);
  assert.deepEqual(WebAssembly.Module.imports(await WebAssembly.compile(bytes)), []);
  const core = await load();
  const stated = JSON.parse(await readFile(at("package.json"), "utf8"));
  assert.deepEqual([core.version, core.target], [stated.version, "simd128"]);
});

const picture = (width, height) => ({
  data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) ^ (i >> 7))),
  width,
  height,
});

test("what is wrong is said with a remedy", async () => {
  const core = await load();
  const good = picture(160, 160);
  const cases = [
    ["image-too-small", () => core.embed(picture(100, 200), 1n)],
    ["image-too-small", () => core.detect(picture(100, 200))],
    ["image-too-small", () => core.fingerprint(picture(4, 4))],
    ["image-too-large", () => core.fingerprint(picture(65536, 5))],
    ["invalid-argument", () => core.embed(good, 1)],
    ["invalid-argument", () => core.embed(good, 1n << 64n)],
    ["invalid-argument", () => core.embed(good, -1n)],
    ["invalid-argument", () => core.embed(good, 1n, { strength: 0 })],
    ["invalid-argument", () => core.embed(good, 1n, { strength: NaN })],
    ["invalid-argument", () => core.embed(good, 1n, { strength: "1" })],
    ["invalid-argument", () => core.embed(good, 1n, { key: new Uint8Array(15) })],
    ["invalid-argument", () => core.detect(good, { key: "0123456789abcdef" })],
    ["invalid-argument", () => core.detect(good, { effort: "toString" })],
    ["invalid-argument", () => core.detect()],
    ["invalid-argument", () => core.detect({ ...good, width: 161 })],
    ["invalid-argument", () => core.detect({ ...good, width: -160, height: -160 })],
    ["invalid-argument", () => core.detect({ ...good, data: new Float32Array(4 * 160 * 160) })],
  ];
  for (const [code, act] of cases) {
    assert.throws(act, (error) => {
      assert.ok(error instanceof CountermarkError && error instanceof Error, String(error));
      assert.equal(error.code, code, `${act}: ${error}`);
      assert.match(error.message, /^[A-Z].*\.$/s);
      assert.match(error.remedy, /^[A-Z].*\.$/s);
      return true;
    });
  }
  assert.equal(core.detect(core.embed(good, 5n, { strength: 2 })).payload, 5n); // it still works
  await assert.rejects(load(new Uint8Array(8)), { code: "unsupported" });
});

test("payloads are all 64 bits, and pictures stay as they were", async () => {
  const core = await load();
  const good = picture(320, 240);
  const before = hex(good.data);
  for (const payload of [0n, 2n ** 63n, 2n ** 64n - 1n]) {
    const marked = core.embed(good, payload, { strength: 2 });
    assert.equal(core.detect(marked, { effort: "aligned" }).payload, payload);
    assert.ok(marked.data instanceof Uint8ClampedArray);
    assert.ok(marked.data.every((byte, i) => i % 4 !== 3 || byte === 255), "alpha is left alone");
  }
  assert.equal(hex(good.data), before);
  assert.equal(core.detect(good, { effort: "aligned" }), null);
  const secret = new Uint8Array(16).fill(7);
  const secretly = core.embed(good, 9n, { key: secret, strength: 2 });
  assert.equal(core.detect(secretly, { key: secret, effort: "aligned" }).payload, 9n);
  assert.equal(core.detect(secretly, { effort: "aligned" }), null);
});

test("memory for large pictures is given back", async () => {
  const core = await load();
  const wide = { data: new Uint8ClampedArray(4 * 5000 * 5000).fill(9), width: 5000, height: 5000 };
  core.fingerprint(picture(160, 160));
  const before = process.memoryUsage.rss();
  core.fingerprint(wide); // takes 100 MB
  let grown = Infinity;
  for (let i = 0; i < 20 && grown > 50 * 2 ** 20; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc();
    grown = process.memoryUsage.rss() - before;
  }
  assert.ok(grown <= 50 * 2 ** 20, `${grown} bytes`);
  assert.equal(core.fingerprint(wide).quality, 0); // and it still works
});
