import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLiteral } from '../../../src/config/inventory/literals.ts';
import { withNumbersAsText } from '../../../src/config/values.ts';

describe('readLiteral()', () => {
  // prettier-ignore
  it.each<[written: string, value: unknown]>([
    ['5', 5], ['-5', -5], ['+5', 5], ['- 5', -5], ['007', '007'], ['0', 0], ['0x1F', 31], ['0o17', 15], ['1_000', 1000],
    ['1.50', 1.5], ['1.0', '1.0'], ['1e3', '1000.0'], ['.5', 0.5], ['12345678901234567890', '12345678901234567890'],
    ['True', true], ['False', false], ['None', null], ['true', 'true'], ['yes', 'yes'], ['Truest', 'Truest'],
    ['[1, "a", [None]]', [1, 'a', [null]]], ['(1, 2)', [1, 2]], ['1, 2', [1, 2]], ['1,', [1]], ['(1)', 1], ['()', []], ['[1,]', [1]],
    ['{"k": {"l": 1.5}}', { k: { l: 1.5 } }], ['{1, 2}', '{1, 2}'], ['{"k"}', '{"k"}'], ['{[1]: 2}', '{[1]: 2}'],
    ["'5'", '5'], ['"a" \'b\'', 'ab'], ['"\\x41\\u00fc\\n\\q"', 'Aü\n\\q'], ['r"\\n"', '\\n'], ['"""x"""', 'x'], ['f"x"', 'f"x"'],
    ['"open', '"open'], ['[1', '[1'], ['[1 2]', '[1 2]'], ['1 # why', 1], ['a # b', 'a # b'], ['', ''], ['1-2', '1-2'], ['1.2.3', '1.2.3'],
    ['{{ x }}', '{{ x }}'], ['{"__proto__": 1}', Object.fromEntries([['__proto__', 1]])],
  ])('reads %s as %j', (written, value) => {
    expect(withNumbersAsText(readLiteral(written))).toEqual(value);
  });

  it('reads back any JSON list of words and integers', () => {
    const lists = fc.array(fc.oneof(fc.integer(), fc.stringMatching(/^[\w .:{}[\]#-]*$/)));

    fc.assert(
      fc.property(lists, (list) => {
        expect(readLiteral(JSON.stringify(list))).toEqual(list);
      }),
    );
  });

  it('gives up on brackets without end', () => {
    const written = '['.repeat(100_000);

    expect(readLiteral(written)).toBe(written);
  });
});
