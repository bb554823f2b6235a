import type { Play } from '../../src/rollout/play.ts';
import type { Behaviour } from './fake-image.ts';
import { FakeFleet, WEIGHTS } from './fake-fleet.ts';

/** The instance that stories of a single one are about: the second container of fe1, with weight 20. */
export const SECOND = 'pxApp_2';

/** A fleet of one host, and an image `next` that behaves so. */
export async function fleetWith(behaviour: Behaviour): Promise<FakeFleet> {
  const fleet = await FakeFleet.up(['fe1']);
  fleet.addImage('next', behaviour);
  return fleet;
}

/** The play that rolls only the second instance out to `next`. */
export function secondOnly(fleet: FakeFleet, each: Parameters<FakeFleet['play']>[1] = {}): Play {
  const play = fleet.play('next', each);
  return {
    ...play,
    hosts: play.hosts.map(({ host, instances }) => ({
      host,
      instances: instances.filter(({ container }) => container === SECOND),
    })),
  };
}

/** What runs on fe1, stopped containers with their state. */
export async function containersOf(fleet: FakeFleet): Promise<string[]> {
  const { containers } = await fleet.host('fe1');
  const all = await containers.list();
  return all
    .map(({ name, running, image, restart }) => {
      const tag = image.reference.split(':').at(-1) ?? '';
      return `${name} ${tag}${running ? '' : ' stopped'}${restart.name === 'always' ? '' : ` restart ${restart.name}`}`;
    })
    .toSorted();
}

/** The containers of fe1 when the second one is on this image, and nothing is left behind. */
export function allWith(tag: string): string[] {
  return [...WEIGHTS.keys()].map((name) => `${name} ${name === SECOND ? tag : 'v1'}`);
}

export const ASIDE = `${SECOND}.replaced-20261121-090000-test v1`;
