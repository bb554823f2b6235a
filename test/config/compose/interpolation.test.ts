import { describe, expect, it } from 'vitest';
import { interpolated } from '../../../src/config/compose/interpolation.ts';

const values: Record<string, string> = { A: 'a', EMPTY: '', B_2: 'b', _c: 'c' };
const fill = (text: string): string => interpolated(text, (name) => values[name]);

describe('interpolated()', () => {
  it.each([
    ['no variable', 'no variable'],
    ['$A', 'a'],
    ['${A}', 'a'],
    ['$A-$B_2.$_c', 'a-b.c'],
    ['$$A $$', '$A $'],
    ['$${A}', '${A}'],
    ['$1 $ $-', '$1 $ $-'],
    ['${EMPTY}', ''],
    ['${EMPTY-x}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${GONE-x}', 'x'],
    ['${GONE:-x y/z:1}', 'x y/z:1'],
    ['${GONE:-}', ''],
    ['${A-x}', 'a'],
    ['${A+x}', 'x'],
    ['${EMPTY+x}', 'x'],
    ['${EMPTY:+x}', ''],
    ['${GONE+x}', ''],
    ['${A:?why}', 'a'],
    ['${EMPTY?why}', ''],
    ['${GONE:-${A}}', 'a'],
    ['${GONE:-${ALSO_GONE:-$A-b}}!', 'a-b!'],
    ['${GONE:-{"a": {}', '{"a": {'],
    ['${A:+${B_2}}', 'b'],
    ['${GONE-$$x}', '$x'],
  ])('%s is %j', (text, expected) => {
    expect(fill(text)).toBe(expected);
  });

  it.each([
    ['$GONE', 'the variable GONE is not set (write ${GONE:-} where it may be left out)'],
    ['${GONE}', 'the variable GONE is not set (write ${GONE:-} where it may be left out)'],
    ['${GONE?}', 'the variable GONE is not set'],
    ['${GONE?tell me $A}', 'the variable GONE is not set: tell me a'],
    ['${EMPTY:?tell me}', 'the variable EMPTY is empty: tell me'],
    ['${A', 'a "${" is not closed with "}" (write $$ for a dollar sign)'],
    ['${}', 'what stands in a "${…}" is no variable (write $$ for a dollar sign)'],
    ['${A/x/y}', 'what stands in a "${…}" is no variable (write $$ for a dollar sign)'],
    ['${A:x}', 'what stands in a "${…}" is no variable (write $$ for a dollar sign)'],
    ['${1}', 'what stands in a "${…}" is no variable (write $$ for a dollar sign)'],
    ['${GONE:-'.repeat(60) + '}'.repeat(60), 'its ${…} are nested too deeply'],
  ])('%s is refused', (text, why) => {
    expect(() => fill(text)).toThrow(why);
  });

  it('takes no time for a text that is made to take it', () => {
    const started = performance.now();

    expect(() => fill('${A:-'.repeat(200_000))).toThrow('not closed');

    expect(performance.now() - started).toBeLessThan(1000);
  });
});
