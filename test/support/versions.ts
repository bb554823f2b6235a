import type { FakeFleet } from './fake-fleet.ts';

/** Which versions have run on a host at the same time, as `v1`, `v1 v2` …, whenever that was another than before. */
export function versionsSeen(fleet: FakeFleet, host = 'fe1'): readonly string[] {
  const seen: string[] = [];
  fleet.clock.onAdvance(() => {
    void fleet.hosts
      .get(host)
      ?.containers.list()
      .then((all) => {
        const running = all.filter((one) => one.running).map(({ image }) => image.reference.split(':').at(-1) ?? '');
        const now = [...new Set(running)].toSorted().join(' ');
        if (now !== '' && seen.at(-1) !== now) seen.push(now);
      });
  });
  return seen;
}
