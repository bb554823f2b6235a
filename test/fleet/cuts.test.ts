import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cut, heal, labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { allServers, everyHostInService, hostNamed, namesOnEitherVersion } from '../support/fleet.ts';
import { rolloutTo, sluice, start } from '../support/sluice.ts';

const CUT_MS = 20_000;

describe('a rollout whose network fails for 20 s', () => {
  beforeEach(async () => {
    await labReset();
  });
  afterEach(async () => {
    await heal(hostNamed('fe1'));
  });

  it.each(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'in %s ends with every weight exact, and each container once',
    async (step) => {
      const fe1 = hostNamed('fe1');
      let healed: Promise<void> | undefined;
      const cutAndHeal = async (): Promise<void> => {
        await cut(fe1);
        await sleep(CUT_MS);
        await heal(fe1);
      };
      const onEvent = (event: RunEvent): void => {
        if (event.type === 'step-started' && event.step === step) healed ??= cutAndHeal();
      };

      const ended = await start(rolloutTo('v2', '--limit', 'fe1', '--json'), { onEvent }).ended;
      await healed;

      expect([0, 2, 7], ended.stdout).toContain(ended.status);
      const recovered = await sluice('recover', 'fe1');
      expect(recovered.status, recovered.stderr).toBe(0);
      expect(await allServers()).toEqual(everyHostInService);
      expect(await namesOnEitherVersion('fe1')).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
    },
  );
});
