// The same in node, which reads the module from the disk.

import { readFile } from "node:fs/promises";

import { load as loadBytes } from "./countermark.js";

export { CountermarkError } from "./countermark.js";

export function load(bytes = readFile(new URL("./countermark.wasm", import.meta.url))) {
  return loadBytes(bytes);
}
