import { describe, expect, it } from 'vitest';
import { lifeOf, ourLife } from '../../lab/life.ts';
import { isLeftBehind, isOurs, ownerForRun, type Owner } from '../../lab/owner.ts';

const ours = ourLife();
/** Ours is its number now. */
const killed: Owner = { pid: process.pid, started: '1' };
const init = lifeOf(1);
if (!init) throw new Error('there is no process 1');

describe('a lab', () => {
  // prettier-ignore
  it.each<{ of: string; owner: Owner; leftBehind: boolean; mine: boolean }>([
    { of: 'a person',               owner: 'a person', leftBehind: false, mine: false },
    { of: 'another run',            owner: init,       leftBehind: false, mine: false },
    { of: 'this run',               owner: ours,       leftBehind: false, mine: true },
    { of: 'a run that was killed',  owner: killed,     leftBehind: true,  mine: false },
  ])('of $of is left behind: $leftBehind, ours: $mine', ({ owner, leftBehind, mine }) => {
    expect(isLeftBehind(owner)).toBe(leftBehind);
    expect(isOurs(owner)).toBe(mine);
  });

  // prettier-ignore
  it.each<{ what: string; before: Owner | undefined; after: Owner }>([
    { what: 'was down',                          before: undefined,  after: ours },
    { what: 'a killed run has left behind',      before: killed,     after: ours },
    { what: 'a person works with',               before: 'a person', after: 'a person' },
    { what: 'another run works with',            before: init,       after: init },
    { what: 'this run has brought up before',    before: ours,       after: ours },
  ])('that $what belongs to $after once a run has brought it up', ({ before, after }) => {
    expect(ownerForRun(before)).toEqual(after);
  });
});
