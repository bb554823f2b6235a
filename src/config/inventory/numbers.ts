/** An integer, or the text itself where JavaScript could not hold it exactly. */
export function integerOf(written: string, magnitude: number): number | string {
  if (!Number.isSafeInteger(magnitude)) return written;
  return written.startsWith('-') && magnitude !== 0 ? -magnitude : magnitude;
}

/**
 * A float, or its text where it is whole: JavaScript has only one 2, but `image: app:{{ version }}` with
 * `version: 2.0` means `app:2.0`, as Python would print it.
 */
export function floatOf(value: number): number | string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : value;
}
