/**
 * Pixels as canvases give them: red, green, blue and alpha, a byte each, not premultiplied, row by
 * row from the top left. An `ImageData` is one.
 */
export interface Picture {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A marked picture; `new ImageData(data, width, height)` makes it ready for a canvas. */
export interface MarkedPicture {
  readonly data: ReturnType<Uint8ClampedArrayConstructor["of"]>;
  readonly width: number;
  readonly height: number;
}

export interface EmbedOptions {
  /** 16 bytes; only who has them reads the mark. By default the published key: everyone does. */
  readonly key?: Uint8Array;
  /** Amplitude, above 0 and at most 4; 1, the default, is invisible on photographs. */
  readonly strength?: number;
}

export interface DetectOptions {
  /** 16 bytes, those of the embedding; by default the published key. */
  readonly key?: Uint8Array;
  /**
   * "aligned": pictures that were resized, re-compressed or recoloured, in a few milliseconds.
   * "full", the default: also cropped, rotated, mirrored or stretched ones.
   */
  readonly effort?: "aligned" | "full";
}

/** A watermark that was read. */
export interface Detection {
  /** The 64 bits. */
  readonly payload: bigint;
  /** Height of the pilot's correlation peak, in standard deviations. */
  readonly score: number;
  /** Upper bound of the probability that the call reads anything in an unmarked picture. */
  readonly falsePositiveRate: number;
  /**
   * Where the pixels lay when the picture was marked: a 3 x 3 homography, row by row, as
   * `cmk_detection.geometry` in the C header describes it.
   */
  readonly geometry: readonly number[];
}

/** A perceptual hash: PDQ, by Meta. */
export interface Fingerprint {
  /** 32 bytes, in the order in which the reference implementation prints them. */
  readonly bits: Uint8Array;
  /** 0 to 100; under 50 the hash means little. */
  readonly quality: number;
}

/**
 * The core, for one picture at a time. Calls are synchronous and take up to a second for large
 * pictures: on a page, use it in a worker. Each throws `CountermarkError`.
 *
 * Memory grows with the pictures: their own 4 bytes a pixel, and up to 42 MB to work in. If it has
 * grown over 64 MB it is given back after the call.
 */
export interface Core {
  /** Of the library, "major.minor.patch". */
  readonly version: string;
  /** The instruction set in use: "simd128". */
  readonly target: string;
  /** A copy of the picture with the payload, any 64 bits, in its pixels. Alpha stays as it is. */
  embed(picture: Picture, payload: bigint, options?: EmbedOptions): MarkedPicture;
  /** Reads the payload of a marked picture, also of a damaged copy; null when there is none. */
  detect(picture: Picture, options?: DetectOptions): Detection | null;
  /** The perceptual hash: pictures whose hashes differ in 31 bits or fewer are probably the same. */
  fingerprint(picture: Picture): Fingerprint;
}

export type ErrorCode =
  | "image-too-small"
  | "image-too-large"
  | "internal"
  | "invalid-argument"
  | "out-of-memory"
  | "unavailable"
  | "unsupported";

/** What went wrong, in a sentence. */
export class CountermarkError extends Error {
  private constructor();
  readonly name: "CountermarkError";
  readonly code: ErrorCode;
  /** What helps. */
  readonly remedy: string;
}

/**
 * Loads the module, which lies beside this file, or from its bytes where a bundler has put it
 * elsewhere.
 */
export function load(bytes?: Bytes | Promise<Bytes>): Promise<Core>;

type Bytes = ArrayBuffer | ArrayBufferView;
