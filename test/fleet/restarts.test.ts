import { beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../lab/host.ts';
import { kill, labReset, start } from '../../lab/lab.ts';
import type { Load } from '../../lab/load/load.ts';
import type { Step } from '../../src/rollout/lifecycle.ts';
import { folderWith } from '../support/command-line.ts';
import {
  allServers,
  containersOf,
  everyHostInService,
  load,
  untilOutOrAnswering,
  untilServers,
} from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';
import { struck, type Strike, type Struck } from '../support/strikes.ts';

const at = (step: Step, then: Strike['then']): Strike => ({ at: step, then });

describe('a rollout of the real fleet goes on, or home, and fails no request', () => {
  const playbook = shortPlaybook(folderWith({}), { serial: 3 });
  let traffic: Load;
  beforeEach(async () => {
    await labReset();
    traffic = load();
  });

  /** Whatever it comes to on a host, each container is there once, as it was said, and every weight is exact. */
  async function rollWith(strikes: Readonly<Record<string, readonly Strike[]>>): Promise<Struck> {
    const ended = await struck(['rollout', playbook, '-e', 'pxapp_version=v2', '--yes'], strikes);
    const report = await traffic.stop();
    for (const host of Object.keys(strikes)) {
      const version = endOf(ended, host) === 'updated' ? 'v2' : 'v1';
      expect(await containersOf(host), ended.stdout).toEqual([`pxApp_1 ${version}`, 'pxApp_2 v1', 'pxApp_3 v1']);
    }
    expect(await allServers()).toEqual(everyHostInService);
    expect((await sluice('lock', 'list')).stdout.match(/ free$/gm)).toHaveLength(3);
    expect(report.failures).toEqual([]);
    return ended;
  }

  it('when sshd is restarted, and takes its sessions with it, in any step', async () => {
    const restart = async (host: Host): Promise<void> => {
      await kill(host, 'sshd');
      await start(host, 'sshd');
    };

    const { status, stdout } = await rollWith({
      fe1: [at('drain', restart), at('restore', restart)],
      fe2: [at('replace', restart), at('soak', restart)],
      fe3: [at('check', restart), at('retire', restart)],
    });

    expect(status, stdout).toBe(0);
  });

  it('but those that HAProxy itself cuts, when it is restarted in any step', async () => {
    const restart = async (host: Host): Promise<void> => {
      const over = traffic.outage(host.name);
      await kill(host, 'haproxy');
      await start(host, 'haproxy');
      over();
    };
    // It has the configured weight again, and nothing behind it: that lasts until sluice has looked, or something is.
    const restartWithout = async (host: Host): Promise<void> => {
      const over = traffic.outage(host.name);
      await kill(host, 'haproxy');
      await start(host, 'haproxy');
      await untilOutOrAnswering(host, 'pxApp_1', 'v2');
      over();
    };

    const { status, stdout } = await rollWith({
      fe1: [at('drain', restart), at('restore', restart)],
      fe2: [at('replace', restartWithout), at('soak', restart)],
      fe3: [at('check', restartWithout), at('retire', restart)],
    });

    expect(status, stdout).toBe(0);
  });

  it.each([
    { fe1: 'replace', fe2: 'check', fe3: 'soak', failed: 'fe3' },
    { fe1: 'drain', fe2: 'restore', fe3: 'retire', failed: 'fe2' },
  ] as const)(
    'but those of the containers that die with dockerd, when it is restarted in $fe1, $fe2, $fe3',
    async ({ failed, ...steps }) => {
      // Docker's proxies end at once, the containers when it starts again: it does so with those that it starts anew.
      const restart = async (host: Host): Promise<void> => {
        const over = traffic.outage(host.name);
        await kill(host, 'dockerd');
        await untilServers(
          host,
          ([, second = 'DOWN', third = 'DOWN']) => second.endsWith('DOWN') && third.endsWith('DOWN'),
        );
        await start(host, 'dockerd');
        await untilServers(host, ([, second = '', third = '']) => second.endsWith('UP') && third.endsWith('UP'));
        over();
      };

      const ended = await rollWith({
        fe1: [at(steps.fe1, restart)],
        fe2: [at(steps.fe2, restart)],
        fe3: [at(steps.fe3, restart)],
      });

      // The new container is in service and falls: that is what a bad one does.
      expect(endOf(ended, failed)).toBe('failed');
      expect(endOf(ended, 'fe1')).toBe('updated');
      expect(ended.status, ended.stdout).toBe(2);
    },
  );
});

function endOf({ events }: Struck, host: string): string {
  const ended = events.find((event) => event.type === 'host-ended' && event.host === host);
  return ended?.type === 'host-ended' ? ended.end : 'not ended';
}
