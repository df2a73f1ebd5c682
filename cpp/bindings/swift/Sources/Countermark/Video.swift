import CCountermark

/// Marks the frames of one video, each of which is then a marked picture by itself. Nothing is
/// allocated for a frame. One thread uses a stream at a time; another gets `CMK_STATUS_BUSY`.
public final class WatermarkStream {
    private let memory: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - width: of all frames, in pixels, 128 to 65,535.
    ///   - height: likewise.
    ///   - strength: amplitude, above 0 and at most 4; 1 is invisible on photographs.
    ///   - refreshFrames: over how many frames the mask is made anew: 1 to 64.
    public init(
        format: PixelFormat, width: Int, height: Int, payload: UInt64, key: Key = .published,
        strength: Float = 1, refreshFrames: UInt32 = 8
    ) throws {
        var frame = try Picture(format: format, width: width, height: height).image
        var size = 0
        try check(cmk_watermark_stream_size(&frame, &size))
        memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        try check(
            cmk_watermark_stream_init(
                OpaquePointer(memory), size, &frame, payload, key.bytes, strength, refreshFrames))
    }

    deinit { memory.deallocate() }

    /// Marks the next frame in place.
    public func embed(_ frame: Picture) throws { try embed(from: frame, to: frame) }

    /// Writes the next frame with the payload in its pixels into memory that shares no byte with it.
    public func embed(from input: Picture, to output: Picture) throws {
        var (source, target) = (input.image, output.image)
        try withExtendedLifetime(self) {
            try check(cmk_watermark_stream_embed(OpaquePointer(memory), &source, &target))
        }
    }

    /// The frames from now on carry another payload.
    public func setPayload(_ payload: UInt64) throws {
        try withExtendedLifetime(self) {
            try check(cmk_watermark_stream_set_payload(OpaquePointer(memory), payload))
        }
    }
}

/// Adds up the frames of a video that one stream marked, so that a mark too weak to be read in any of
/// them is read from their sum. One thread uses it at a time; another gets `CMK_STATUS_BUSY`.
public final class FrameAccumulator {
    private let memory: UnsafeMutableRawPointer

    /// - Parameter effort: `.aligned` for frames that show all that was marked.
    public init(
        format: PixelFormat, width: Int, height: Int, key: Key = .published, effort: Effort = .full
    ) throws {
        var frame = try Picture(format: format, width: width, height: height).image
        var size = 0
        try check(cmk_watermark_accumulator_size(&frame, effort.core, &size))
        memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        try check(
            cmk_watermark_accumulator_init(
                OpaquePointer(memory), size, &frame, key.bytes, effort.core))
    }

    deinit { memory.deallocate() }

    /// Adds the next frame.
    public func add(_ frame: Picture) throws {
        var image = frame.image
        try withExtendedLifetime(self) {
            try check(cmk_watermark_accumulator_add(OpaquePointer(memory), &image))
        }
    }

    /// Reads the payload from all frames so far; nil when it cannot be read yet.
    public func detect() throws -> Detection? {
        try withExtendedLifetime(self) {
            try Detection.found { cmk_watermark_accumulator_detect(OpaquePointer(memory), $0) }
        }
    }

    /// Forgets all frames, as at a cut to what another stream marked.
    public func reset() throws {
        try withExtendedLifetime(self) {
            try check(cmk_watermark_accumulator_reset(OpaquePointer(memory)))
        }
    }
}
