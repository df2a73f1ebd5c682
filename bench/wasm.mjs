// Times the package in node: its folder, then a picture as raw RGBA with width and height; says
// milliseconds of the processor's time by call as JSON.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, pixels, width, height, seconds] = process.argv.slice(2);
const { load } = await import(new URL("node.js", pathToFileURL(`${folder}/`)));
const core = await load();
const picture = { data: await readFile(pixels), width: Number(width), height: Number(height) };
const marked = core.embed(picture, 2026n);
const calls = {
  "embed": () => core.embed(picture, 2026n),
  "detect, aligned": () => core.detect(marked, { effort: "aligned" }),
  "detect, full, unmarked": () => core.detect(picture),
  "PDQ": () => core.fingerprint(picture),
};

function spent(call) {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const found = {};
for (const [name, call] of Object.entries(calls)) {
  const end = Date.now() + 1000 * Number(seconds);
  call(); // until then the engine is still compiling
  call();
  const times = [];
  do times.push(spent(call)); while (Date.now() < end || times.length < 5);
  found[name] = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}
console.log(JSON.stringify(found));
