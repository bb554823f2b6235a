import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROMISES, shareOf } from './support/by-duration.ts';

const files = ['fleet', 'fleet/host'].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `/any/where/test/${folder}/${name}`),
);
const promises = PROMISES.map((name) => `/any/where/test/fleet/${name}.test.ts`);

describe('shareOf()', () => {
  it('has what the promises stand on in every share, and each other file in exactly one', () => {
    const shares = Array.from({ length: 41 }, (_, index) => shareOf(files, index + 1, 41));

    for (const share of shares) expect(share).toEqual(expect.arrayContaining(promises));
    const others = shares.flatMap((share) => share.filter((path) => !promises.includes(path)));
    expect(others.toSorted()).toEqual(files.filter((path) => !promises.includes(path)).toSorted());
  });

  it('has no share without anything of its own', () => {
    for (let index = 1; index <= 41; index++) {
      expect(shareOf(files, index, 41).length).toBeGreaterThan(promises.length);
    }
  });

  it('is all there is where there is one', () => {
    expect(shareOf(files, 1, 1)).toEqual(files);
  });
});
