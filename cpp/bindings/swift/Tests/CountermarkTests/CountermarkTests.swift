import Countermark
import XCTest

final class CountermarkTests: XCTestCase {
    private let width = 640, height = 360, stride = 672
    private let payload = UInt64.max - 5

    /// Structure at every scale, by integer arithmetic.
    private func withFrame<Result>(_ body: (Picture) throws -> Result) throws -> Result {
        var state: UInt32 = 1
        var pixels = [UInt8](repeating: 128, count: stride * height)
        for cell in [64, 32, 16, 8, 4] {
            for top in Swift.stride(from: 0, to: height, by: cell) {
                for left in Swift.stride(from: 0, to: width, by: cell) {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    let step = Int(state >> 24) % 33 - 16
                    for y in top..<min(top + cell, height) {
                        for x in left..<min(left + cell, width) {
                            pixels[y * stride + x] = UInt8(
                                clamping: Int(pixels[y * stride + x]) + step)
                        }
                    }
                }
            }
        }
        return try pixels.withUnsafeMutableBytes {
            try body(
                Picture($0, format: .gray8, width: width, height: height, bytesPerRow: stride))
        }
    }

    func testReadsWhatItMarked() throws {
        try withFrame { frame in
            XCTAssertNil(try detect(in: frame))
            let before = try pdq(frame)
            try embed(payload, in: frame)
            XCTAssertEqual(try detect(in: frame)?.payload, payload)
            XCTAssertEqual(try pdq(frame).bits.count, before.bits.count)
        }
    }

    func testAddsFramesOfAStream() throws {
        let stream = try WatermarkStream(
            format: .gray8, width: width, height: height, payload: payload)
        let frames = try FrameAccumulator(
            format: .gray8, width: width, height: height, effort: .aligned)
        for _ in 0..<3 {
            try withFrame {
                try stream.embed($0)
                try frames.add($0)
            }
        }
        XCTAssertEqual(try frames.detect()?.payload, payload)
    }

    func testSaysWhatIsWrong() throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 9, alignment: 1)
        defer { memory.deallocate() }
        XCTAssertThrowsError(
            try Picture(memory, format: .gray8, width: 128, height: 128, bytesPerRow: 128))
        XCTAssertThrowsError(
            try WatermarkStream(format: .gray8, width: 64, height: 64, payload: 7)
        ) {
            XCTAssertEqual("\($0)", "a side of the picture is too small")
        }
        XCTAssertThrowsError(try Key([1, 2, 3]))
    }
}
