// Reads a credential in the browser, where the worker of @contentauth/c2pa-web is at hand: the file
// goes nowhere. The worker takes messages with a method and arguments, and answers each by its id.

import { kindOf } from "./kinds.js";
import { parts, told } from "./store.js";

const PLACE = document.querySelector('meta[name="reader"]')?.content;
const SECONDS = 30;
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_THUMBNAIL_BYTES = 512 * 1024;
const MAX_THUMBNAILS_BYTES = 2 * 1024 * 1024; // all together
const SETTINGS = JSON.stringify({
  verify: { verify_trust: false, remote_manifest_fetch: false, ocsp_fetch: false },
});

let compiled = null; // once for all files; each has a worker of its own

export function canRead() {
  return PLACE !== undefined;
}

export class Unread extends Error {
  constructor(why) {
    super(why);
    this.why = why; // "damaged", "elsewhere", "large", "late" or "unknown"
  }
}

// What the credential in a file says, as `told` gives it, with thumbnails; null for none.
export async function read(file, signal) {
  const kind = await kindOf(file);
  if (!kind) throw new Unread("unknown");
  if (file.size > MAX_BYTES) throw new Unread("large");
  const worker = new Worker(`${PLACE}c2pa_worker.js`, { type: "module" });
  try {
    return await first(asked(caller(worker), kind, file), worker, signal);
  } finally {
    worker.terminate(); // and with it whatever a hostile file has begun there
  }
}

async function asked(call, kind, file) {
  compiled ??= WebAssembly.compileStreaming(fetch(`${PLACE}c2pa_bg.wasm`));
  await call("initWorker", await compiled);
  let reader;
  try {
    reader = await call("reader_fromBlob", kind, file, SETTINGS);
  } catch (error) {
    const said = String(error?.message ?? error);
    if (said.includes("JumbfNotFound")) return null;
    throw new Unread(said.includes("RemoteManifest") ? "elsewhere" : "damaged");
  }
  const seen = told(await call("reader_manifestStore", reader));
  let room = MAX_THUMBNAILS_BYTES;
  for (const part of parts(seen)) {
    const bytes = await resource(call, reader, part.thumbnail, room);
    part.thumbnail = bytes && { bytes };
    room -= bytes?.length ?? 0;
  }
  return seen;
}

async function resource(call, reader, identifier, room) {
  if (!identifier || room <= 0) return null;
  try {
    const bytes = await call("reader_resourceToBytes", reader, identifier);
    return bytes.length <= Math.min(room, MAX_THUMBNAIL_BYTES) ? bytes : null;
  } catch {
    return null; // it is named, and not there
  }
}

// The answer, or what comes before it: the worker fails, time runs out, nobody waits any more.
function first(answer, worker, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Unread("late")), SECONDS * 1000);
    worker.addEventListener("error", () => reject(new Unread("damaged")));
    signal.addEventListener("abort", () => reject(signal.reason));
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function caller(worker) {
  const waiting = new Map();
  let last = 0;
  worker.addEventListener("message", ({ data }) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) call?.reject(data.error);
    else call?.resolve(data.result);
  });
  return (method, ...args) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    worker.postMessage({ method, args, id: last, channelName: "default" });
  });
}
