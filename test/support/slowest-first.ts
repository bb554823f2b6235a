import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest on a real fleet, the slowest first. */
const SLOW = ['blue-green', 'stopping', 'recreate-host-dies', 'set-ups', 'start-first', 'reload', 'power'].map(
  (name) => `${name}.test.ts`,
);

/** Where files run side by side, a slow one that begins last would be waited for by itself. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = SLOW.indexOf(basename(moduleId));
      return place === -1 ? SLOW.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
