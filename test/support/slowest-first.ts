import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest on a real fleet, the slowest first. */
const ON_THE_LAB = ['blue-green', 'stopping', 'recreate-host-dies', 'set-ups', 'start-first', 'reload', 'power'];

/** And of the unit tests, which wait for real shells and connections or play every moment of a run. */
const UNIT = [
  'host/commands',
  'relays',
  'lock',
  'locks',
  'network',
  'breakages',
  'dial',
  'controller/commands',
  'resume',
];

const SLOW = [...ON_THE_LAB, ...UNIT].map((name) => `/${name}.test.ts`);

/** Where files run side by side, a slow one that begins last would be waited for by itself. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = SLOW.findIndex((name) => moduleId.endsWith(name));
      return place === -1 ? SLOW.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
