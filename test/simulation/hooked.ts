import type { Hook, HookPlace, Hooks, InstancePoint } from '../../src/rollout/hooks.ts';
import type { Play } from '../../src/rollout/play.ts';
import { Random } from './random.ts';

const TIMEOUT_MS = 1_000;

/**
 * The play with a hook at every point, some of which fail, or take longer than they may: by draws of their own, so that
 * the story around it stays as it is.
 */
export function hooked(play: Play, seed: number): Play {
  const random = new Random(seed, 'hooks');
  // One of its hooks at most fails: all of them together would let nothing begin.
  const worst = random.below(16);
  const gates = new Random(seed, 'gates');
  const gate = (name: string): readonly Hook[] => {
    const url = `http://metrics/${gates.below(20) === 0 ? 'never' : 'sometimes'}`;
    const asked = { url, limits: { equals: 0 }, forMs: gates.below(800), everyMs: 200, spec: { headers: {} } };
    return [{ name, where: gates.pick(['controller', 'host']), timeoutMs: 4_000, onFailure: 'fail', gate: asked }];
  };
  let number = 0;
  const hook = (where: HookPlace): readonly Hook[] => {
    const isWorst = number++ === worst;
    const command = isWorst ? random.pick([['fail'], ['sleep', '5000']]) : ['sleep', String(random.below(600))];
    const spec = { command, env: {} };
    return [{ name: 'hook', where, timeoutMs: TIMEOUT_MS, onFailure: 'fail', noLog: false, spec }];
  };
  const instanceHooks = (): Hooks<InstancePoint> => ({
    before_instance: hook('old_container'),
    before_traffic: [
      ...hook('new_container'),
      ...hook('old_container').map((one) => ({ ...one, name: 'old' })),
      ...gate('gate'),
    ],
    after_instance: hook('new_container'),
  });
  return {
    ...play,
    hooks: {
      ...{ before_run: hook('host'), after_run: hook('controller'), on_failure: hook('host') },
      ...{ before_batch: [...hook('controller'), ...gate('gate')], after_batch: [...hook('host'), ...gate('gate')] },
    },
    hosts: play.hosts.map((host) => ({
      ...host,
      hooks: { before_host: hook('host'), after_host: hook('host') },
      instances: host.instances.map((one) => {
        const hooks = instanceHooks();
        const { slots } = one;
        if (!slots) return { ...one, hooks };
        return {
          ...one,
          hooks,
          slots: [
            { ...slots[0], hooks },
            { ...slots[1], hooks },
          ],
        };
      }),
    })),
  };
}
