package org.countermark;

/**
 * Something was wrong; the message is one sentence that says what. Nothing has been written. Each
 * kind is a class within this one, and there are no others.
 */
public abstract sealed class CountermarkException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int UNKNOWN_TARGET = 14;
  private static final int BUSY = 17;

  private final int status;

  private CountermarkException(int status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** The {@code cmk_status} of the C header, or 0 when the core was not called. */
  public int status() {
    return status;
  }

  /** An argument, or the shape of a picture, is not one that the method takes. */
  public static final class InvalidArgument extends CountermarkException {
    private static final long serialVersionUID = 1;

    InvalidArgument(String message) {
      super(0, message, null);
    }

    private InvalidArgument(int status) {
      super(status, Native.statusString(status), null);
    }
  }

  /** Another thread is in a call with the same object; call again, or give each thread its own. */
  public static final class Busy extends CountermarkException {
    private static final long serialVersionUID = 1;

    private Busy() {
      super(BUSY, Native.statusString(BUSY), null);
    }
  }

  /** The object was closed, or the memory of a picture given back or kept for another thread. */
  public static final class Closed extends CountermarkException {
    private static final long serialVersionUID = 1;

    Closed(String message, Throwable cause) {
      super(0, message, cause);
    }
  }

  /**
   * The environment variable COUNTERMARK_TARGET names a SIMD target that the library or the
   * processor does not have; without it the best one is used.
   */
  public static final class UnknownTarget extends CountermarkException {
    private static final long serialVersionUID = 1;

    private UnknownTarget() {
      super(UNKNOWN_TARGET, Native.statusString(UNKNOWN_TARGET), null);
    }
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new InvalidArgument(message);
    }
  }

  /** Throws what a status stands for, unless it is CMK_STATUS_OK. */
  static void check(int status) {
    switch (status) {
      case Native.OK -> {
      }
      case UNKNOWN_TARGET -> throw new UnknownTarget();
      case BUSY -> throw new Busy();
      default -> throw new InvalidArgument(status);
    }
  }
}
