import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/adapters/json.ts';

describe('parseJson()', () => {
  // prettier-ignore
  it.each([
    ['nothing',                 '',                             'line 1, column 1'],
    ['no JSON',                 'rollout pxApp_1 10\n',         'line 1, column 1'],
    ['half of it',              '{ "a": 1,\n  "b": [1, 2',      'line 2, column 13'],
    ['a comma too many',        '{\n  "a": 1,\n}\n',            'line 3, column 1'],
    ['a quote that is missing', '{\n  "a": "s3cret,\n  "b": 1 }', 'line 2, column 16'],
    ['something after it',      '{}\n{}',                       'line 2, column 1'],
  ])('says where %s is no JSON, and shows nothing of it', (_, text, place) => {
    expect(() => parseJson(text)).toThrow(new RegExp(`^it is no JSON: ${place}$`));
  });

  it('reads JSON', () => {
    expect(parseJson('{ "a": [1] }')).toEqual({ a: [1] });
  });
});
