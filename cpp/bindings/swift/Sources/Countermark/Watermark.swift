import CCountermark

/// 16 bytes; only who has them reads the mark.
public struct Key: Sendable {
    let bytes: [UInt8]

    /// The published one, which makes marks that everyone can read.
    public static let published = Key(
        unchecked: Array(UnsafeBufferPointer(start: cmk_default_key(), count: cmk_key_bytes())))

    public init(_ bytes: [UInt8]) throws {
        guard bytes.count == cmk_key_bytes() else {
            throw CountermarkError("the key does not have 16 bytes")
        }
        self.init(unchecked: bytes)
    }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// How far a detector looks.
public enum Effort: UInt32, Sendable {
    /// Pictures that were resized, re-compressed or recoloured.
    case aligned = 0
    /// Also cropped, rotated, mirrored or stretched ones; slower.
    case full = 1

    var core: cmk_effort { cmk_effort(rawValue: cmk_effort.RawValue(rawValue)) }
}

/// A watermark that was read.
public struct Detection: Sendable {
    /// The 64 bits.
    public let payload: UInt64
    /// Height of the pilot's peak, in standard deviations of its surroundings.
    public let score: Float
    /// Upper bound of the probability that the call reads anything where no mark is.
    public let falsePositiveRate: Double
    /// Three rows of a homography, as `cmk_detection` in the C header describes it.
    public let geometry: [Double]

    /// What a call found; nil where the status says so.
    static func found(_ call: (UnsafeMutablePointer<cmk_detection>) -> cmk_status) throws
        -> Detection?
    {
        var found = cmk_detection()
        found.struct_size = UInt32(MemoryLayout<cmk_detection>.size)
        let status = call(&found)
        if status == CMK_STATUS_NOT_FOUND { return nil }
        try check(status)
        let geometry = withUnsafeBytes(of: found.geometry) { Array($0.bindMemory(to: Double.self)) }
        return Detection(
            payload: found.payload, score: found.score,
            falsePositiveRate: found.false_positive_rate, geometry: geometry)
    }
}

/// A perceptual hash: PDQ (Meta, 2017).
public struct Fingerprint: Sendable, Equatable {
    /// 32 bytes. Two pictures whose hashes differ in 31 bits or fewer are probably the same one.
    public let bits: [UInt8]
    /// 0 to 100; under 50 the hash means little.
    public let quality: Int
}

/// Marks a picture in place. Any thread, as long as no other uses the same pixels.
///
/// - Parameter strength: amplitude, above 0 and at most 4; 1 is invisible on photographs.
public func embed(
    _ payload: UInt64, in picture: Picture, key: Key = .published, strength: Float = 1
) throws {
    try embed(payload, from: picture, to: picture, key: key, strength: strength)
}

/// Writes a picture with the payload in its pixels.
///
/// - Parameter output: of the same size and format, in memory that shares no byte with the input.
public func embed(
    _ payload: UInt64, from input: Picture, to output: Picture, key: Key = .published,
    strength: Float = 1
) throws {
    var (source, target) = (input.image, output.image)
    var size = 0
    try check(cmk_watermark_embed_scratch_size(&source, &size))
    try withScratch(size) { scratch in
        try check(
            cmk_watermark_embed(&source, &target, payload, key.bytes, strength, scratch, size))
    }
}

/// Reads the payload of a marked picture, also of a damaged copy; nil when there is none.
public func detect(
    in picture: Picture, key: Key = .published, effort: Effort = .full
) throws -> Detection? {
    var image = picture.image
    var size = 0
    try check(cmk_watermark_detect_scratch_size(&image, effort.core, &size))
    return try withScratch(size) { scratch in
        try Detection.found {
            cmk_watermark_detect(&image, key.bytes, effort.core, scratch, size, $0)
        }
    }
}

/// The perceptual hash of a picture.
public func pdq(_ picture: Picture) throws -> Fingerprint {
    var image = picture.image
    var size = 0
    try check(cmk_fingerprint_pdq_scratch_size(&image, &size))
    var bits = [UInt8](repeating: 0, count: cmk_pdq_bytes())
    var quality: Int32 = 0
    try withScratch(size) { scratch in
        try check(cmk_fingerprint_pdq(&image, scratch, size, &bits, &quality))
    }
    return Fingerprint(bits: bits, quality: Int(quality))
}

private func withScratch<Result>(
    _ size: Int, _ body: (UnsafeMutableRawPointer) throws -> Result
) rethrows -> Result {
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { scratch.deallocate() }
    return try body(scratch)
}
