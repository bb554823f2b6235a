import { WrittenNumber } from '../values.ts';

/** An integer from how JavaScript writes one (`0x1f`, `017` is `0o17`), exact however large it is. */
export function integerOf(isNegative: boolean, literal: string): number | WrittenNumber {
  const magnitude = Number(literal);
  if (Number.isSafeInteger(magnitude)) return isNegative && magnitude !== 0 ? -magnitude : magnitude;
  return new WrittenNumber(`${isNegative ? '-' : ''}${BigInt(literal)}`);
}

/** A float; one that is whole stays one: JavaScript has only one 2, but `version: 2.0` means `2.0`. */
export function floatOf(value: number): number | WrittenNumber {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? new WrittenNumber(value.toFixed(1)) : value;
}
