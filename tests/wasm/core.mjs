// Does one thing with a picture, for tests in Python: the package's folder, what to do as JSON, the
// picture as raw RGBA; says the result as JSON and writes the marked pixels.

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, asked] = process.argv.slice(2);
const { verb, pixels, width, height, payload, options, out } = JSON.parse(asked);
const { load } = await import(new URL("node.js", pathToFileURL(`${folder}/`)));
const core = await load();
const picture = { data: new Uint8Array(await readFile(pixels)), width, height };
let told = null;
if (verb === "embed") await writeFile(out, core.embed(picture, BigInt(payload), options).data);
if (verb === "detect") told = core.detect(picture, options);
if (verb === "fingerprint") told = core.fingerprint(picture);
console.log(JSON.stringify(told, (_, value) => {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}));
