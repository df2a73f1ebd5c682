// Checks a proof from the log with the browser's own cryptography.
// Source: RFC 9162, section 2.1.3.2; C2SP signed-note, tlog-checkpoint.

const LEAF = [0];
const NODE = [1];
const DASH = "\u2014 ";
const ED25519 = 1; // the kind of a key, and of its signatures
const COSIGNATURE_BYTES = 4 + 8 + 64; // key, time, signature

// Whether there is any: browsers give it to pages from this machine or by HTTPS alone.
export function canCheck() {
  return Boolean(globalThis.crypto?.subtle);
}

// What a proof comes to: the leaf, the checkpoint, and which of the checks hold.
// `signed` is null when the key is not known or the browser does not do Ed25519.
export async function checked({ checkpoint, proof }, keyLine) {
  const leaf = bytes(proof.leaf);
  const note = parsed(checkpoint);
  const root = await rootOf(leaf, proof.position, proof.size, proof.hashes.map(bytes));
  return {
    leaf: JSON.parse(new TextDecoder().decode(leaf)),
    position: proof.position,
    note,
    included: root !== null && proof.size === note.size && base64(root) === note.root,
    signed: keyLine ? await isSigned(note, keyLine.trim()) : null,
  };
}

async function rootOf(leaf, position, size, siblings) {
  if (!(position >= 0 && position < size)) return null;
  let [at, last] = [position, size - 1];
  let hash = await sha256(LEAF, leaf);
  for (const sibling of siblings) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await sha256(NODE, sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = await sha256(NODE, hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

// A note: what is signed, and its signatures, none of them checked yet.
function parsed(content) {
  const end = content.lastIndexOf("\n\n") + 1;
  const text = content.slice(0, end);
  const [origin, size, root] = text.split("\n");
  const signatures = content.slice(end + 1).split("\n").filter((line) => line.startsWith(DASH))
    .map((line) => {
      const [name, encoded] = line.slice(DASH.length).split(" ");
      return { name, content: bytes(encoded) };
    });
  return { text, origin, size: Number(size), root, signatures, witnesses: witnesses(signatures) };
}

// Who says when they saw it. Their keys are not known here, so nobody has checked that.
function witnesses(signatures) {
  return signatures.filter(({ content }) => content.length === COSIGNATURE_BYTES)
    .map(({ name, content }) => {
      const seconds = Number(new DataView(content.buffer, 4, 8).getBigUint64(0));
      return { name, at: new Date(1000 * seconds) };
    });
}

async function isSigned(note, keyLine) {
  const at = keyLine.indexOf("+");
  const name = keyLine.slice(0, at);
  const key = bytes(keyLine.slice(keyLine.indexOf("+", at + 1) + 1));
  if (key[0] !== ED25519 || name !== note.origin) return false;
  const id = (await sha256(encoded(`${name}\n`), key)).slice(0, 4);
  const found = note.signatures.find((each) =>
    each.name === name && base64(each.content.slice(0, 4)) === base64(id));
  if (!found) return false;
  try {
    const usable = await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", usable, found.content.slice(4), encoded(note.text));
  } catch {
    return null; // a browser that does not do Ed25519
  }
}

async function sha256(...parts) {
  const whole = new Uint8Array(parts.flatMap((part) => [...part]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

function encoded(text) {
  return new TextEncoder().encode(text);
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function base64(content) {
  return btoa(String.fromCharCode(...content));
}
