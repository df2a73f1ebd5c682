package org.countermark;

import java.nio.ByteBuffer;

/**
 * A block of memory in which the core keeps its state, and which the collector frees. A call holds
 * it while it runs, so that no other thread can take it away by closing.
 */
final class NativeMemory {
  private volatile ByteBuffer block;

  /**
   * Direct buffers are aligned to 8 bytes, which is what the core asks for; it asks for no more
   * than 54 MiB, however large the frames.
   */
  NativeMemory(long size) {
    block = ByteBuffer.allocateDirect(Math.toIntExact(size));
  }

  ByteBuffer open() {
    ByteBuffer current = block;
    if (current == null) {
      throw new CountermarkException.Closed("the object was closed", null);
    }
    return current;
  }

  void close() {
    block = null;
  }
}
