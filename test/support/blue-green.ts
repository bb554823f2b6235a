/** What the tests of blue-green on a host of the lab have in common. */
import { serversOf } from './fleet.ts';
import { own } from './own-host.ts';

export const PLAYBOOK = 'playbooks/blue-green.yml';

/** Every server as `name weight admin-bits health`: the containers in slot `which` serve; the others are kept, or gone. */
export function inSlot(which: 'a' | 'b', others: 'kept' | 'gone'): string[] {
  const other = which === 'a' ? 'b' : 'a';
  return [10, 20, 30]
    .flatMap((weight, index) => [
      `pxApp_${index + 1}${which} ${weight} 0 UP`,
      others === 'gone' ? `pxApp_${index + 1}${other} ${weight} 0 DOWN` : `pxApp_${index + 1}${other} 0 1 DOWN`,
    ])
    .toSorted();
}

export async function servers(): Promise<string[]> {
  return (await serversOf(own)).toSorted();
}

export function rollout(playbook: string, version: string): readonly string[] {
  return ['rollout', playbook, '-e', `pxapp_version=${version}`, '--limit', own, '--yes'];
}
