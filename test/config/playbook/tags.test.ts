import { describe, expect, it } from 'vitest';
import { isSelected } from '../../../src/config/playbook/tags.ts';

/** Words between blanks. */
function words(text: string): string[] {
  return text.split(' ').filter((it) => it !== '');
}

describe('isSelected()', () => {
  // prettier-ignore
  it.each([
    // own           --tags      --skip-tags
    ['',             '',         '',         true],
    ['a',            '',         '',         true],
    ['a b',          'b c',      '',         true],
    ['a',            'b',        '',         false],
    ['',             'b',        '',         false],
    ['a',            '',         'a',        false],
    ['a b',          'a',        'b',        false],
    ['a',            'all',      '',         true],
    ['',             'all',      '',         true],
    ['a',            'tagged',   '',         true],
    ['',             'tagged',   '',         false],
    ['',             'untagged', '',         true],
    ['a',            'untagged', '',         false],
    ['a',            '',         'tagged',   false],
    ['',             '',         'tagged',   true],
    ['',             '',         'untagged', false],
    ['a',            '',         'all',      false],
    ['always',       'b',        '',         true],
    ['always',       '',         'always',   false],
    ['always',       '',         'all',      true],
    ['always',       'untagged', '',         true],
    ['never',        '',         '',         false],
    ['never',        'all',      '',         false],
    ['never',        'tagged',   '',         false],
    ['never a',      '',         '',         false],
    ['never a',      'a',        '',         true],
    ['never',        'never',    '',         true],
    ['never always', '',         '',         true],
  ])('tags [%s] with --tags [%s] --skip-tags [%s]: %s', (own, tags, skipTags, expected) => {
    expect(isSelected(words(own), { tags: words(tags), skipTags: words(skipTags) })).toBe(expected);
  });
});
