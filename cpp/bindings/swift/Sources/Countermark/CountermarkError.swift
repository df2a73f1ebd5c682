import CCountermark

/// Something was wrong; nothing has been written.
public struct CountermarkError: Error, CustomStringConvertible {
    /// The `cmk_status` of the C header, or 0 when the core was not called.
    public let status: UInt32
    /// One sentence that says what.
    public let description: String

    init(_ description: String) {
        status = 0
        self.description = description
    }

    init(_ status: cmk_status) {
        self.status = UInt32(status.rawValue)
        description = String(cString: cmk_status_string(status))
    }
}

func check(_ status: cmk_status) throws {
    if status != CMK_STATUS_OK { throw CountermarkError(status) }
}
