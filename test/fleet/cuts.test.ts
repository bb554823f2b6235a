import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../lab/host.ts';
import { cutSsh, heal, labReset } from '../../lab/lab.ts';
import { folderWith } from '../support/command-line.ts';
import { allServers, containersOf, everyHostInService, load, untilServers } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';
import { struck, untilOldIsStopped, type Strike, type Stopped, type Struck } from '../support/strikes.ts';

const CUT_MS = 20_000;
const ON_V2 = ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'];

/** Requests go on: only what goes to sshd, or comes from it, gets lost. */
async function cutForAWhile(host: Host, stopped: Stopped): Promise<void> {
  await stopped(() => cutSsh(host));
  await sleep(CUT_MS);
  await heal(host);
}

/** The server takes requests as soon as HAProxy's own checks have passed. */
const untilReady = async (host: Host): Promise<void> =>
  untilServers(host, ([first = '']) => first.startsWith('pxApp_1 10 0 '));

/** Of the step that a host was in, in milliseconds. */
function durationOf({ events }: Struck, host: string, step: string): number {
  const ended = events.find(
    (event) => event.type === 'step-ended' && event.subject.host === host && event.step === step,
  );
  return ended?.type === 'step-ended' ? ended.ms : 0;
}

describe('a rollout of the real fleet', () => {
  const args = ['rollout', shortPlaybook(folderWith({}), { serial: 3 }), '-e', 'pxapp_version=v2', '--yes'];
  const cutAt = (at: Strike['at'], when?: Strike['when']): Strike => ({
    at,
    ...(when && { when }),
    then: cutForAWhile,
  });
  beforeEach(async () => {
    await labReset();
  });

  it.each([
    { fe1: cutAt('drain'), fe2: cutAt('replace', untilOldIsStopped), fe3: cutAt('check') },
    { fe1: cutAt('restore', untilReady), fe2: cutAt('soak'), fe3: cutAt('retire') },
  ])('goes on when SSH was cut for 20 s in $fe1.at, $fe2.at and $fe3.at', async (strikes) => {
    const traffic = load();

    const ended = await struck(args, { fe1: [strikes.fe1], fe2: [strikes.fe2], fe3: [strikes.fe3] });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    for (const [host, { at }] of Object.entries(strikes)) {
      expect(durationOf(ended, host, at), `${at} of ${host}`).toBeGreaterThan(CUT_MS / 2);
      expect(await containersOf(host)).toEqual(ON_V2);
    }
    expect(await allServers()).toEqual(everyHostInService);
    expect((await sluice('lock', 'list')).stdout.match(/ free$/gm)).toHaveLength(3);
    expect(report.failures).toEqual([]);
  });
});
