import { describe, expect, it } from 'vitest';
import { readPlaybook } from '../../../src/config/playbook/read.ts';
import { aPlaybook, linesOf, theInstance } from './fleet.ts';

const ready = (written: string): string => aPlaybook(`    ready: ${written}\n`);
const url = 'http://127.0.0.1:80/';

describe('what a ready probe expects of an answer', () => {
  it('is a text, or a regular expression, in its body and in headers', () => {
    const text = ready(`{ http: '${url}', body: '/^ok: \\d+$/im', header: { X-Version: v2, X-Shard: '/^[ab]$/' } }`);

    expect(theInstance(text).ready.probe).toEqual({
      ...{ kind: 'http', url, status: [200, 399], body: { pattern: '^ok: \\d+$', flags: 'im' } },
      headers: { 'x-version': { text: 'v2' }, 'x-shard': { pattern: '^[ab]$', flags: '' } },
    });
  });

  it('is nothing unless said', () => {
    expect(theInstance(ready(`{ http: '${url}' }`)).ready.probe).toEqual({ kind: 'http', url, status: [200, 399] });
  });

  it.each([
    [`{ http: '${url}', body: '/(/' }`, /ready\.body: .*\(that is no regular expression\)$/],
    [`{ http: '${url}', body: '/a/g' }`, /ready\.body: .*\(its flags are i, m, s and u\)$/],
    [`{ http: '${url}', body: [a] }`, /ready\.body: should be a text that is in it, .* is a list$/],
    [`{ http: '${url}', header: v2 }`, /ready\.header: should be a mapping of names of headers .* is "v2"$/],
    [`{ http: '${url}', header: { 'a b': v2 } }`, /ready\.header: .*"a b" is no name of a header\)$/],
    [`{ http: '${url}', header: { a: '/(/' } }`, /ready\.header\.a: .*that is no regular expression\)$/],
    [`{ tcp: '127.0.0.1:80', body: ok }`, /ready\.body: is for http only$/],
    [`{ command: ls, header: { a: b } }`, /ready\.header: is for http only$/],
  ])('is refused as %s', (written, message) => {
    expect(linesOf(() => readPlaybook('p.yml', ready(written)))).toEqual([expect.stringMatching(message)]);
  });
});
