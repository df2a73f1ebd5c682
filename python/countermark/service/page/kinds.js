// What kind of file it is, by its first bytes: names and types that others give may be wrong.

const MAGIC = [
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/png", 0, "\x89PNG\r\n\x1a\n"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
  ["audio/wav", 8, "WAVE"],
  ["video/avi", 8, "AVI "],
  ["image/tiff", 0, "II*\0"],
  ["image/tiff", 0, "MM\0*"],
  ["image/jxl", 0, "\0\0\0\x0cJXL "],
  ["image/avif", 8, "avi"],
  ["image/heif", 8, "mif1"],
  ["image/heic", 8, "he"],
  ["video/quicktime", 8, "qt  "],
  ["audio/mp4", 8, "M4A"],
  ["video/mp4", 4, "ftyp"],
  ["application/pdf", 0, "%PDF"],
  ["audio/flac", 0, "fLaC"],
  ["audio/mpeg", 0, "ID3"],
  ["audio/mpeg", 0, "\xff\xfb"],
];

// Whether a report is on a sound or movie.
export function isClip({ media_type: type }) {
  return /^(audio|video)\//.test(type ?? "");
}

// A media type, or null for what is not known here.
export async function kindOf(file) {
  const bytes = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  const head = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const found = MAGIC.find(([, place, magic]) => head.startsWith(magic, place));
  if (found) return found[0];
  return /<svg[\s>]/.test(head) ? "image/svg+xml" : null;
}
