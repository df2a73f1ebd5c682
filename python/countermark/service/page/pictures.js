// Pictures on canvases: the policy for content lets no address but this service's be a picture,
// and a canvas needs none.

import { drawing, element } from "./elements.js";
import { say, text } from "./words/index.js";

const LONGEST = 1400; // pixels of a preview
const LONGEST_PART = 320; // of one of many
const MAX_AREA = 2 ** 24; // pixels of a thumbnail

// A picture that the browser can show, or null.
export async function decoded(blob, longest = LONGEST) {
  try {
    const whole = await createImageBitmap(blob);
    const share = longest / Math.max(whole.width, whole.height);
    if (share >= 1) return whole;
    const options = {
      resizeWidth: Math.max(1, Math.round(whole.width * share)),
      resizeHeight: Math.max(1, Math.round(whole.height * share)),
      resizeQuality: "high",
    };
    const small = await createImageBitmap(whole, options);
    whole.close();
    return small;
  } catch {
    return null;
  }
}

// `thumbnail`: its bytes, or those in base64.
export async function decodedThumbnail(thumbnail, longest = LONGEST) {
  if (!thumbnail) return null;
  const bytes = thumbnail.bytes
    ?? Uint8Array.from(atob(thumbnail.base64), (letter) => letter.charCodeAt(0));
  const type = typeOf(bytes);
  return type && isSmall(bytes, type) ? decoded(new Blob([bytes], { type }), longest) : null;
}

// Those of ingredients, by ingredient: one after the other, for there may be many.
export async function decodedParts(ingredients, found = new Map()) {
  for (const each of ingredients ?? []) {
    found.set(each, await decodedThumbnail(each.thumbnail, LONGEST_PART));
    await decodedParts(each.ingredients, found);
  }
  return found;
}

function typeOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
  return bytes[0] === 0x89 && bytes[1] === 0x50 ? "image/png" : null;
}

// Whether the header says so: a few bytes may unfold into more than a machine holds.
function isSmall(bytes, type) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (type === "image/png") return view.getUint32(16) * view.getUint32(20) <= MAX_AREA;
    let place = 2;
    while (!isFrame(view.getUint8(place + 1))) place += 2 + view.getUint16(place + 2);
    return view.getUint16(place + 5) * view.getUint16(place + 7) <= MAX_AREA;
  } catch {
    return false; // it ends before it says
  }
}

// A start of frame of JPEG, which holds height and width.
function isFrame(marker) {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function canvas(bitmap, label) {
  const node = element("canvas", {
    role: "img", "aria-label": label, width: bitmap.width, height: bitmap.height,
  });
  node.getContext("2d").drawImage(bitmap, 0, 0);
  return node;
}

// A picture with its caption; in its stead, words that there is none.
export function figure(bitmap, caption, absent) {
  const shown = bitmap
    ? canvas(bitmap, text(caption))
    : element("p", { class: "absent" }, say(absent));
  return element("figure", {}, shown, element("figcaption", {}, say(caption)));
}

// A small one beside words that say what it is.
export function thumbnail(bitmap) {
  return bitmap
    ? canvas(bitmap, text("image.part"))
    : element("p", { class: "absent" }, say("image.part.none"));
}

// The picture with what the detector found: border of the original, up, and where the mark is.
export function geometry(bitmap, mark) {
  if (!bitmap) return null;
  const frame = room(mark);
  const unit = Math.max(frame.width, frame.height) / 100;
  const layer = drawing(
    "svg",
    { viewBox: `${frame.left} ${frame.top} ${frame.width} ${frame.height}`, "aria-hidden": "true" },
    mark.tiles.map((tile) => polygon(tile, "tile", unit * 0.25)),
    mark.outline ? polygon(mark.outline, "halo", unit * 1.3) : null,
    mark.outline ? polygon(mark.outline, "outline", unit * 0.7) : null,
    arrow(mark, unit),
  );
  const picture = canvas(bitmap, text("image.geometry"));
  const stage = element("div", { class: "stage" }, picture, layer);
  stage.style.aspectRatio = `${frame.width} / ${frame.height}`;
  picture.style.left = `${(-100 * frame.left) / frame.width}%`;
  picture.style.top = `${(-100 * frame.top) / frame.height}%`;
  picture.style.width = `${(100 * mark.width) / frame.width}%`;
  picture.style.height = `${(100 * mark.height) / frame.height}%`;
  const keys = [mark.outline && "outline", "up", mark.tiles.length && "tiles"].filter(Boolean);
  const legend = keys.map((key) => element("li", { class: key }, say(`key.${key}`)));
  return element("figure", { class: "geometry" }, stage,
    element("figcaption", {}, element("ul", { class: "legend" }, legend)));
}

// The picture and the border of the original, which may lie outside, up to one picture away.
function room(mark) {
  const corners = mark.outline ?? [];
  const within = (value, size) => Math.min(Math.max(value, -size), 2 * size);
  const xs = [0, mark.width, ...corners.map(([x]) => within(x, mark.width))];
  const ys = [0, mark.height, ...corners.map(([, y]) => within(y, mark.height))];
  const pad = 0.015 * Math.max(mark.width, mark.height);
  const [left, top] = [Math.min(...xs) - pad, Math.min(...ys) - pad];
  return { left, top, width: Math.max(...xs) + pad - left, height: Math.max(...ys) + pad - top };
}

function polygon(corners, name, width) {
  const points = corners.map(([x, y]) => `${x},${y}`).join(" ");
  return drawing("polygon", { points, class: name, "stroke-width": width });
}

function arrow(mark, unit) {
  const turn = (mark.rotation_degrees * Math.PI) / 180;
  const [x, y] = [mark.width / 2, mark.height / 2];
  const length = 0.28 * Math.min(mark.width, mark.height);
  const [dx, dy] = [-Math.sin(turn) * length, -Math.cos(turn) * length];
  const at = (along, aside) => [x + dx * along - dy * aside, y + dy * along + dx * aside];
  const shape = [at(0, 0.03), at(0.66, 0.03), at(0.66, 0.14), at(1, 0),
    at(0.66, -0.14), at(0.66, -0.03), at(0, -0.03)];
  return polygon(shape, "up", unit * 0.5);
}
