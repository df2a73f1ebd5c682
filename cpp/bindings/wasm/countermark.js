// The core of countermark in browsers, workers and other hosts of WebAssembly. See README.md.

const LARGEST_KEPT = 64 * 2 ** 20; // bytes of memory that are kept for the next picture
const EFFORTS = { aligned: 0, full: 1 };
const OUT_OF_MEMORY = -1;
const NOT_FOUND = 1;

// By the numbers of cmk_status; others cannot come from here.
const REFUSALS = {
  [OUT_OF_MEMORY]: ["out-of-memory", "Give a smaller copy of the picture."],
  5: ["image-too-small", "Give a picture with larger sides."],
  6: ["image-too-large", "Give a smaller copy of the picture."],
  11: ["invalid-argument", "Give a strength above 0 and at most 4."],
};

/** What went wrong, in a sentence; `remedy` says what helps, `code` is for programs. */
export class CountermarkError extends Error {
  constructor(code, message, remedy, options) {
    super(message, options);
    this.name = "CountermarkError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** Loads the module beside this file, or from its bytes. */
export async function load(bytes = fetched(new URL("./countermark.wasm", import.meta.url))) {
  const module = await compiled(await bytes);
  return new Core(module, await WebAssembly.instantiate(module));
}

async function fetched(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok) return await answer.arrayBuffer();
    throw new Error(`the answer is ${answer.status}`);
  } catch (cause) {
    throw new CountermarkError("unavailable", `${address} cannot be fetched: ${cause.message}.`,
      "Serve countermark.wasm beside countermark.js, or give its bytes to load.", { cause });
  }
}

async function compiled(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new CountermarkError("unsupported", `The module does not run here: ${cause.message}.`,
      "It needs WebAssembly with SIMD (browsers since 2023) and, where there is a content security "
      + "policy, 'wasm-unsafe-eval' for scripts.", { cause });
  }
}

class Core {
  #module;
  #instance;

  constructor(module, instance) {
    this.#module = module;
    this.#begin(instance);
  }

  get version() {
    return this.#text(this.#instance.exports.version());
  }

  get target() {
    return this.#text(this.#instance.exports.targetName());
  }

  embed(picture, payload, { key, strength = 1 } = {}) {
    if (typeof payload !== "bigint" || BigInt.asUintN(64, payload) !== payload) {
      refuse("The payload is not a BigInt of 64 bits.", "Give one such as 2026n.");
    }
    if (typeof strength !== "number") refuse("The strength is not a number.", REFUSALS[11][1]);
    return this.#with(picture, key, (module, place, bytes) => {
      this.#check(module.embed(payload, strength));
      const data = new Uint8ClampedArray(module.memory.buffer, place, bytes).slice();
      return { data, width: picture.width, height: picture.height };
    });
  }

  detect(picture, { key, effort = "full" } = {}) {
    if (!Object.hasOwn(EFFORTS, effort)) {
      refuse(`There is no effort ${JSON.stringify(effort)}.`, 'Give "aligned" or "full".');
    }
    return this.#with(picture, key, (module) => {
      const status = module.detect(EFFORTS[effort]);
      if (status === NOT_FOUND) return null;
      this.#check(status);
      return Object.freeze({
        payload: BigInt.asUintN(64, module.payload()),
        score: module.score(),
        falsePositiveRate: module.falsePositiveRate(),
        geometry: Object.freeze([...new Float64Array(module.memory.buffer, module.geometry(), 9)]),
      });
    });
  }

  fingerprint(picture) {
    return this.#with(picture, undefined, (module) => {
      this.#check(module.fingerprint());
      const bits = new Uint8Array(module.memory.buffer, module.hash(), module.hashBytes()).slice();
      return Object.freeze({ bits, quality: module.quality() });
    });
  }

  // Does something with a picture and a key that lie in the memory of the module.
  #with(picture, key, act) {
    const { data, width, height } = checked(picture);
    const module = this.#instance.exports;
    const size = module.keyBytes();
    const secret = key ?? new Uint8Array(module.memory.buffer, module.defaultKey(), size);
    if (!(secret instanceof Uint8Array) || secret.length !== size) {
      refuse("The key is not a Uint8Array of 16 bytes.", "Give one, or none for the published key.");
    }
    try {
      new Uint8Array(module.memory.buffer, module.key(), size).set(secret);
      const place = module.picture(width, height);
      if (place === 0) this.#check(OUT_OF_MEMORY);
      new Uint8Array(module.memory.buffer, place, data.length).set(data);
      return act(module, place, data.length);
    } finally {
      new Uint8Array(module.memory.buffer, module.key(), size).fill(0);
      if (module.memory.buffer.byteLength > LARGEST_KEPT) this.#renew();
    }
  }

  #begin(instance) {
    instance.exports._initialize(); // once, before anything else
    this.#instance = instance;
  }

  // Memory of WebAssembly never shrinks: a large one is left to the garbage collector, as a whole.
  #renew() {
    try {
      this.#begin(new WebAssembly.Instance(this.#module));
    } catch {
      // Browsers before 2023 make none at once on the main thread: there the old one stays.
    }
  }

  #check(status) {
    if (status === 0) return;
    const [code, remedy] = REFUSALS[status] ?? ["internal", "Report this as a defect of countermark."];
    const text = this.#text(this.#instance.exports.statusText(status));
    throw new CountermarkError(code, `${text[0].toUpperCase()}${text.slice(1)}.`, remedy);
  }

  #text(place) {
    const bytes = new Uint8Array(this.#instance.exports.memory.buffer, place);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }
}

function checked(picture) {
  const { data, width, height } = picture ?? {};
  const isSide = (side) => Number.isInteger(side) && side > 0;
  const isBytes = data instanceof Uint8ClampedArray || data instanceof Uint8Array;
  if (!isBytes || !isSide(width) || !isSide(height) || data.length !== 4 * width * height) {
    refuse("This is no picture: RGBA bytes, four for each pixel, with width and height are needed.",
      "Give an ImageData, or { data, width, height } like one.");
  }
  return { data, width, height };
}

function refuse(message, remedy) {
  throw new CountermarkError("invalid-argument", message, remedy);
}
