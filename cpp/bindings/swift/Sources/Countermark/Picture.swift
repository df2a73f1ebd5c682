import CCountermark

/// What a pixel's bytes mean, as `cmk_format` of the C header describes it.
public enum PixelFormat: UInt32, Sendable {
    case gray8 = 0, rgb8, rgba8, gray16, rgb16, rgba16, bgr8, bgra8
    case p010 = 10

    /// Bytes from one pixel to the next in a row.
    public var pixelBytes: Int {
        switch self {
        case .gray8: return 1
        case .gray16, .p010: return 2
        case .rgb8, .bgr8: return 3
        case .rgba8, .bgra8: return 4
        case .rgb16: return 6
        case .rgba16: return 8
        }
    }
}

/// A picture in memory of the caller's, which must stay as long as the picture is used. The luma
/// plane of NV12, NV21 or I420 is one in `.gray8`.
public struct Picture {
    let image: cmk_image

    /// - Parameters:
    ///   - memory: the first pixel is at its start.
    ///   - width: in pixels, 128 to 65,535; 5 to 65,535 for fingerprints.
    ///   - height: likewise.
    ///   - bytesPerRow: from one row to the next. Rows may be padded, the last one need not be.
    /// - Throws: `CountermarkError` if the memory is too short for it.
    public init(
        _ memory: UnsafeMutableRawBufferPointer, format: PixelFormat, width: Int, height: Int,
        bytesPerRow: Int
    ) throws {
        let sides = 1...Int(UInt16.max)
        guard sides.contains(width), sides.contains(height) else {
            throw CountermarkError("a side of the picture is not 1 to 65,535 pixels")
        }
        let (rows, overflow) = bytesPerRow.multipliedReportingOverflow(by: height - 1)
        let last = width * format.pixelBytes
        guard bytesPerRow >= 0, !overflow, rows <= memory.count, last <= memory.count - rows else {
            throw CountermarkError("the memory of the picture is shorter than its rows")
        }
        image = cmk_image(
            struct_size: UInt32(MemoryLayout<cmk_image>.size), width: UInt32(width),
            height: UInt32(height), format: format.rawValue, data: memory.baseAddress,
            stride_bytes: bytesPerRow, plane_stride_bytes: 0)
    }

    init(format: PixelFormat, width: Int, height: Int) throws {
        guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
            throw CountermarkError("a side of the picture is not 1 to 65,535 pixels")
        }
        image = cmk_image(
            struct_size: UInt32(MemoryLayout<cmk_image>.size), width: width, height: height,
            format: format.rawValue, data: nil, stride_bytes: 0, plane_stride_bytes: 0)
    }
}
