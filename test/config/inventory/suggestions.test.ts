import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editsBetween, suggestion } from '../../../src/config/inventory/suggestions.ts';

describe('suggestion()', () => {
  // prettier-ignore
  it.each<[name: string, hint: string]>([
    ['fe11',   ' (did you mean "fe1"?)'],
    ['wbe',    ' (did you mean "web"?)'],
    ['stagin', ' (did you mean "staging"?)'],
    ['x',      ''],
    ['mail',   ''],
  ])('for %s is "%s"', (name, hint) => {
    expect(suggestion(name, ['fe1', 'fe2', 'web', 'staging'])).toBe(hint);
  });

  it('counts as many edits there as back, and none for the same word', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (one, other) => {
        expect(editsBetween(one, other)).toBe(editsBetween(other, one));
        expect(editsBetween(one, other) === 0).toBe(one === other);
      }),
    );
  });
});
