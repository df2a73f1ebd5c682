// The package that was built: COUNTERMARK_WASM_PACKAGE names its folder.

import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.env.COUNTERMARK_WASM_PACKAGE ?? "build/wasm/package"}/`);

export const at = (name) => new URL(name, folder);
export const { CountermarkError, load } = await import(at("node.js"));
