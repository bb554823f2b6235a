import { describe, expect, it } from 'vitest';
import { frontWith, wholeAgain, wholeFront, withServers } from '../../src/rollout/left-out.ts';
import type { Server } from '../../src/rollout/model.ts';
import { backInSlot, inSlot } from '../../src/rollout/slots.ts';
import { anInstance, aServer } from '../support/builders.ts';

const atBoth = (name: string): readonly Server[] => [aServer(name, 'lb1'), aServer(name, 'lb2')];
const atFirst = ({ balancer }: Server): boolean => balancer.host === 'lb1';
const placesOf = (servers: readonly Server[] = []): string[] =>
  servers.map(({ balancer, name }) => `${name} ${balancer.host}`);

describe('the servers that a run goes without', () => {
  it('are kept beside those that it has, and are all there again', () => {
    const whole = anInstance({ servers: atBoth('pxApp_1') });

    const left = withServers(whole, atFirst);

    expect(placesOf(left.servers)).toEqual(['pxApp_1 lb1']);
    expect(placesOf(left.leftOut)).toEqual(['pxApp_1 lb2']);
    expect(placesOf(wholeAgain(left).servers)).toEqual(['pxApp_1 lb1', 'pxApp_1 lb2']);
  });

  it('are none where it has all', () => {
    const whole = anInstance({ servers: atBoth('pxApp_1') });

    expect(withServers(whole, () => true).leftOut).toBeUndefined();
    expect(wholeAgain(whole)).toEqual(whole);
  });

  it('stay with the slot that they are of, whichever the container is in, also on the way back', () => {
    const { spec, ready, ...one } = anInstance({ servers: atBoth('a') });
    const slots = [
      { name: 'a', servers: atBoth('a'), ready, spec },
      { name: 'b', servers: atBoth('b'), ready, spec },
    ] as const;
    const left = withServers({ ...one, ready, spec, slots }, atFirst);
    const [a, b] = left.slots;

    const moved = wholeAgain(inSlot(left, [b, a], { leaves: true }));
    const back = wholeAgain(backInSlot(inSlot(left, [b, a], { leaves: true }), 'a', { leaves: true }));

    expect([placesOf(moved.servers), placesOf(moved.leaving?.servers)]).toEqual([
      ['b lb1', 'b lb2'],
      ['a lb1', 'a lb2'],
    ]);
    expect([placesOf(back.servers), placesOf(back.leaving?.servers)]).toEqual([
      ['a lb1', 'a lb2'],
      ['b lb1', 'b lb2'],
    ]);
  });

  it('are those in front of a host, too', () => {
    const front = {
      servers: atBoth('fe1'),
      drain: { timeoutMs: 60_000, onTimeout: 'fail' },
      minUp: { servers: 1 },
    } as const;

    const left = frontWith(front, atFirst);

    expect([placesOf(left.servers), placesOf(left.leftOut)]).toEqual([['fe1 lb1'], ['fe1 lb2']]);
    expect(placesOf(wholeFront(left).servers)).toEqual(['fe1 lb1', 'fe1 lb2']);
  });
});
