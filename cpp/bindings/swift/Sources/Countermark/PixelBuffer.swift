#if canImport(CoreVideo)
    import CoreVideo

    extension WatermarkStream {
        /// Marks a frame of the camera in place: its luma plane, or its pixels if it is BGRA.
        public func embed(_ frame: CVPixelBuffer) throws {
            try frame.withPicture([]) { try embed($0) }
        }
    }

    extension FrameAccumulator {
        /// Adds a frame of the camera.
        public func add(_ frame: CVPixelBuffer) throws {
            try frame.withPicture(.readOnly) { try add($0) }
        }
    }

    extension CVPixelBuffer {
        /// The luma plane, or the pixels if they are BGRA, locked as long as `body` runs.
        public func withPicture<Result>(
            _ flags: CVPixelBufferLockFlags, _ body: (Picture) throws -> Result
        ) throws -> Result {
            let format = try pixelFormat()
            guard CVPixelBufferLockBaseAddress(self, flags) == kCVReturnSuccess else {
                throw CountermarkError("the pixel buffer cannot be locked")
            }
            defer { CVPixelBufferUnlockBaseAddress(self, flags) }
            // Plane 0 of a buffer without planes is the buffer.
            let planar = CVPixelBufferIsPlanar(self)
            let address =
                planar
                ? CVPixelBufferGetBaseAddressOfPlane(self, 0) : CVPixelBufferGetBaseAddress(self)
            let bytesPerRow =
                planar
                ? CVPixelBufferGetBytesPerRowOfPlane(self, 0) : CVPixelBufferGetBytesPerRow(self)
            let height = CVPixelBufferGetHeight(self)
            let memory = UnsafeMutableRawBufferPointer(
                start: address, count: address == nil ? 0 : bytesPerRow * height)
            return try body(
                Picture(
                    memory, format: format, width: CVPixelBufferGetWidth(self), height: height,
                    bytesPerRow: bytesPerRow))
        }

        private func pixelFormat() throws -> PixelFormat {
            switch CVPixelBufferGetPixelFormatType(self) {
            case kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange,
                kCVPixelFormatType_420YpCbCr8BiPlanarFullRange, kCVPixelFormatType_OneComponent8:
                return .gray8
            case kCVPixelFormatType_420YpCbCr10BiPlanarVideoRange,
                kCVPixelFormatType_420YpCbCr10BiPlanarFullRange:
                return .p010
            case kCVPixelFormatType_32BGRA:
                return .bgra8
            default:
                throw CountermarkError("the pixel format is neither 4:2:0 in two planes nor BGRA")
            }
        }
    }
#endif
