package org.countermark;

/** How far a detector looks. */
public enum Effort {
  /** Pictures that were resized, re-compressed or recoloured. */
  ALIGNED,
  /** Also cropped, rotated, mirrored or stretched ones; slower. */
  FULL
}
