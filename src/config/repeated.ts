/**
 * How many values aliases add to what is written: a list of a thousand texts that is used ten times adds nine thousand.
 * A value that is an alias is the same object as the one that its anchor is at.
 */
export function repeatedIn(value: unknown): number {
  const sizes = new Map<object, number>();
  let distinct = 0;
  const sizeOf = (one: unknown): number => {
    if (typeof one !== 'object' || one === null) return 1;
    const known = sizes.get(one);
    if (known !== undefined) return known;
    const items: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
    let size = 1;
    distinct += 1;
    for (const item of items) {
      size += sizeOf(item);
      if (typeof item !== 'object' || item === null) distinct += 1;
    }
    sizes.set(one, size);
    return size;
  };
  return sizeOf(value) - Math.max(distinct, 1);
}
