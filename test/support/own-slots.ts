/** For tests about one host whose containers have two slots each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runtime } from '../../lab/lab.ts';
import { parseServersState, parseStat } from '../../src/adapters/haproxy/answers.ts';
import { serversOf, untilServers } from './fleet.ts';
import { own, ownHost, resetOwn } from './own-host.ts';

type Slot = 'a' | 'b';

/**
 * Every server as `name weight admin-bits health`: of each container the one in its slot serves, and the other is free.
 * The slots are those of the three containers, the last one said also of those after it.
 */
export function inSlots(first: Slot, second = first, third = second): string[] {
  const of = (name: Slot): string[] =>
    [first, second, third].map((slot, index) => {
      return `pxApp_${index + 1}${name} ${10 * (index + 1)} 0 ${slot === name ? 'UP' : 'DOWN'}`;
    });
  return [...of('a'), ...of('b')].toSorted();
}

export async function ownServers(): Promise<string[]> {
  return (await serversOf(own)).toSorted();
}

/**
 * With this configuration, and all containers in their slots a. An HAProxy that has just begun takes the free ones for UP
 * until their checks have failed: that is waited for.
 */
export async function resetOwnSlots(haproxyTemplate: string): Promise<void> {
  await resetOwn({ haproxyTemplate });
  await untilServers(ownHost(), (servers) => servers.every((line) => /^\S+(a .* UP|b .* DOWN)$/.test(line)));
  await runtime(ownHost(), 'clear counters all');
}

/** How many tries came to nothing at a server since its HAProxy has begun, whatever became of the requests; none is left out. */
type FailedTries = Readonly<Record<string, number>>;

export async function failedTries(): Promise<FailedTries> {
  const rows = parseStat(await runtime(ownHost(), 'show stat pxapp_cluster 4 -1'));
  const all = rows.map((row): [string, number] => {
    const columns = ['wretr', 'wredis', 'econ', 'eresp'].map((column) => Number(row.get(column) ?? 0));
    return [row.get('svname') ?? '', columns.reduce((sum, count) => sum + count)];
  });
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

/** Longer than HAProxy waits before it tries once more. */
const TRIED_AGAIN_MS = 1_500;

/** The same of an HAProxy that was just reloaded, once it sends nothing any more to a server that it has not checked. */
export async function failedUntilChecked(): Promise<FailedTries> {
  const areChecked = async (): Promise<boolean> => {
    const rows = parseServersState(await runtime(ownHost(), 'show servers state pxapp_cluster'));
    return rows.every((row) => row.get('srv_op_state') === '0' || row.get('srv_check_result') === '3');
  };
  while (!(await areChecked())) await sleep(20);
  await sleep(TRIED_AGAIN_MS);
  return failedTries();
}
