package org.countermark;

import static org.countermark.PixelFormat.GRAY8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.incubator.foreign.MemorySegment;
import jdk.incubator.foreign.ResourceScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Closing, and threads. */
@Timeout(60)
class LifetimeTest {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 360;
  private static final String NO_ACCESS =
      "the memory of the picture was given back, or belongs to another thread";

  private static Picture frame(int seed) {
    return new Noise(GRAY8, WIDTH, HEIGHT, seed).picture();
  }

  private static WatermarkStream stream(long payload) {
    return new WatermarkStream(GRAY8, WIDTH, HEIGHT, payload);
  }

  private static FrameAccumulator accumulator() {
    return new FrameAccumulator(GRAY8, WIDTH, HEIGHT, Watermark.defaultKey(), Effort.ALIGNED);
  }

  private static void closed(String sentence, org.junit.jupiter.api.function.Executable act) {
    CountermarkException error = assertThrows(CountermarkException.Closed.class, act);
    assertEquals(sentence, error.getMessage());
  }

  @Test
  void whatWasClosedSaysSo() {
    WatermarkStream stream = stream(5);
    stream.embed(frame(1));
    stream.close();
    stream.close();
    closed("the object was closed", () -> stream.embed(frame(1)));
    closed("the object was closed", () -> stream.setPayload(6));
    FrameAccumulator frames = accumulator();
    frames.add(frame(1));
    frames.close();
    frames.close();
    closed("the object was closed", () -> frames.add(frame(1)));
    closed("the object was closed", frames::detect);
    closed("the object was closed", frames::reset);
  }

  @Test
  void aPictureWhoseMemoryWasGivenBackSaysSo() {
    Picture picture;
    try (ResourceScope scope = ResourceScope.newConfinedScope()) {
      ByteBuffer memory = MemorySegment.allocateNative(WIDTH * HEIGHT, scope).asByteBuffer();
      picture = Picture.of(GRAY8, memory, WIDTH, HEIGHT, WIDTH, 1);
      Watermark.embed(picture, picture, 5);
      CompletableFuture.runAsync(() -> closed(NO_ACCESS, () -> Fingerprint.pdq(picture))).join();
    }
    closed(NO_ACCESS, () -> Watermark.embed(picture, picture, 5));
    closed(NO_ACCESS, () -> Watermark.embed(frame(1), picture, 5));
    closed(NO_ACCESS, () -> Watermark.detect(picture));
    closed(NO_ACCESS, () -> Fingerprint.pdq(picture));
    try (WatermarkStream stream = stream(5); FrameAccumulator frames = accumulator()) {
      closed(NO_ACCESS, () -> stream.embed(picture));
      closed(NO_ACCESS, () -> frames.add(picture));
    }
  }

  @Test
  void anotherThreadIsToldThatTheStreamIsBusy() throws Exception {
    try (WatermarkStream stream = stream(5)) {
      Picture in = frame(1);
      Picture out = frame(2);
      expectBusy(() -> stream.embed(in, out), () -> stream.setPayload(5));
      stream.embed(in, out);
      assertEquals(5, Watermark.detect(out).orElseThrow().payload());
    }
  }

  @Test
  void anotherThreadIsToldThatTheAccumulatorIsBusy() throws Exception {
    try (FrameAccumulator frames = accumulator()) {
      Picture frame = frame(1);
      expectBusy(() -> frames.add(frame), frames::reset);
      frames.reset();
      frames.add(frame);
      assertTrue(frames.detect().isEmpty());
    }
  }

  /** One thread does something without pause; this one comes again until it is in between. */
  private static void expectBusy(Runnable without, Runnable between) throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      Future<?> working = executor.submit(() -> {
        while (!enough.get()) {
          triedOnce(without);
        }
      });
      while (triedOnce(between)) {
        Thread.onSpinWait();
      }
      enough.set(true);
      working.get();
    } finally {
      enough.set(true);
      executor.shutdown();
    }
  }

  private static boolean triedOnce(Runnable call) {
    try {
      call.run();
      return true;
    } catch (CountermarkException.Busy busy) {
      assertEquals(17, busy.status());
      return false;
    }
  }

  @Test
  void closingWhileAnotherThreadMarksHarmsNobody() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try {
      for (int i = 0; i < 5; ++i) {
        WatermarkStream stream = stream(5);
        Picture out = frame(1);
        AtomicBoolean marked = new AtomicBoolean();
        Future<?> marking = executor.submit(() -> {
          Picture in = frame(1);
          while (true) {
            stream.embed(in, out);
            marked.set(true);
          }
        });
        while (!marked.get()) {
          Thread.onSpinWait();
        }
        stream.close();
        System.gc(); // would take the memory from under a call that did not hold it
        Throwable ended =
            assertThrows(java.util.concurrent.ExecutionException.class, marking::get).getCause();
        assertTrue(ended instanceof CountermarkException.Closed, ended.toString());
        assertEquals(5, Watermark.detect(out).orElseThrow().payload());
      }
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void threadsWithPicturesOfTheirOwnDoNotDisturbEachOther() throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(3);
    try {
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int i = 0; i < 6; ++i) {
        long payload = i;
        tasks.add(() -> {
          Picture picture = frame(3);
          Watermark.embed(picture, picture, payload);
          return Watermark.detect(picture).orElseThrow().payload();
        });
      }
      List<Long> payloads = new ArrayList<>();
      for (Future<Long> future : executor.invokeAll(tasks)) {
        payloads.add(future.get());
      }
      assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), payloads);
    } finally {
      executor.shutdownNow();
    }
  }

  /** Of Java's memory; that the core allocates nothing is tested in C. */
  @Test
  void framesAllocateNothing() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (WatermarkStream stream = stream(5); FrameAccumulator frames = accumulator()) {
      Picture frame = frame(1);
      long before = 0;
      for (int i = 0; i < 20; ++i) {
        if (i == 10) {
          before = threads.getThreadAllocatedBytes(self);
        }
        stream.embed(frame);
        stream.setPayload(i);
        frames.add(frame);
      }
      assertEquals(before, threads.getThreadAllocatedBytes(self));
    }
  }

  /** Memory of closed streams comes back: a hundred of them do not fit at once. */
  @Test
  void closedStreamsGiveTheirMemoryBack() {
    for (int i = 0; i < 100; ++i) {
      try (WatermarkStream stream = new WatermarkStream(GRAY8, 1920, 1080, i)) {
        stream.setPayload(i + 1);
      }
    }
  }
}
