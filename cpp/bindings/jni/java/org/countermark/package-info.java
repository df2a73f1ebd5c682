/**
 * Invisible watermarks and perceptual fingerprints for pictures, where their pixels lie: in direct
 * buffers, as a camera gives them.
 *
 * <p>The whole package is a thin front of the C header {@code countermark/countermark.h}. Lengths
 * and strides are in pixels or bytes as each parameter says. What goes wrong is a {@link
 * org.countermark.CountermarkException}; a null argument is a {@link NullPointerException}. Nothing
 * has been written when a method throws.
 *
 * <p><strong>Threads.</strong> Every method may be called from several threads at once, as long as
 * they write to different pictures. One {@link org.countermark.WatermarkStream} or {@link
 * org.countermark.FrameAccumulator} serves one thread at a time; another that calls meanwhile gets
 * {@link org.countermark.CountermarkException.Busy}. No method starts a thread or waits for one.
 *
 * <p>The native library {@code countermark_jni} is loaded at the first call by {@link
 * System#loadLibrary}, so it, and {@code countermark} beside it, must lie in a folder of the system
 * property {@code java.library.path}; on Android it is in the application's package.
 */
package org.countermark;
