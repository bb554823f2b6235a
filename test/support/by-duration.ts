import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What the promises of README stand on: in every share. */
export const PROMISES = ['rollout', 'bad-versions', 'host/bad-versions', 'host/load-balancer', 'host/config-port'];

/** Seconds that files below test/fleet take on two processors; the others take about `OTHERS`. */
const ON_THE_LAB: Readonly<Record<string, number>> = {
  'host/blue-green': 260,
  'host/blue-green-dies': 220,
  'host/blue-green-reloads': 200,
  'host/stopping': 390,
  'host/stopping-others': 150,
  'host/recreate-host-dies': 430,
  'host/restart': 270,
  'host/lossless-reloads': 330,
  'host/web-sockets-strategies': 330,
  'host/recreate-host-reloads': 310,
  'host/start-first': 290,
  'host/set-ups': 280,
  'host/ramp': 250,
  'host/recreate-host': 250,
  'host/reload': 240,
  'host/haproxy-push': 240,
  'host/gates': 240,
  'host/run': 160,
  power: 200,
  rollout: 235,
  'host/hung': 330,
  'host/options': 250,
  'host/compose-keys': 180,
  'host/reaching-haproxy': 180,
  'host/rollout': 170,
  'central-balancers': 170,
  'host/secrets': 160,
  'host/hooks': 160,
  'host/containers': 160,
  canary: 150,
  'central-strategies': 150,
  'host/openssh': 150,
  'front-tier': 140,
  'host/full-disk': 140,
  'host/bad-versions': 130,
  maintain: 130,
  policy: 120,
  'bad-versions': 120,
  'host/hook-points': 60,
  'host/slots-config': 50,
  'host/containers-contract': 50,
  'host/maintenance': 50,
  playbooks: 50,
  registry: 50,
  'exit-codes': 50,
  'host/several-backends': 110,
  'host/haproxy-runtime': 40,
  'host/placed-files': 40,
  'host/commands-contract': 30,
  'host/config-port': 30,
  'host/terminal': 20,
  'host/load-balancer': 10,
  'host/compose-files': 10,
};
const OTHERS = 90;

/** The unit tests that wait for real shells and connections, or play every moment of a run, the slowest first. */
const UNIT = [
  ...['adapters/host/commands', 'adapters/ssh/relays', 'adapters/host/lock', 'simulation/findings', 'cli/locks'],
  ...[
    'adapters/ssh/network',
    'simulation/breakages',
    'adapters/ssh/dial',
    'adapters/controller/commands',
    'runner/resume',
  ],
];

/** A file by its path below `test`, or below `test/fleet`. */
function nameOf(path: string): { readonly name: string; readonly isOnTheLab: boolean } {
  const [, fleet, name = ''] = /\/test\/(fleet\/)?(.+)\.test\.ts$/.exec(path) ?? [];
  return { name, isOnTheLab: fleet !== undefined };
}

function secondsOf(path: string): number {
  const { name, isOnTheLab } = nameOf(path);
  if (isOnTheLab) return ON_THE_LAB[name] ?? OTHERS;
  return UNIT.includes(name) ? UNIT.length - UNIT.indexOf(name) : 0;
}

/** One of `count` shares of what is tried on the lab, which take about the same time; `index` is 1 for the first. */
export function shareOf(paths: readonly string[], index: number, count: number): readonly string[] {
  const shares = Array.from({ length: count }, () => ({ seconds: 0, paths: [] as string[] }));
  const rest = paths.filter((path) => !PROMISES.includes(nameOf(path).name));
  const byDuration = rest.toSorted((one, other) => secondsOf(other) - secondsOf(one) || one.localeCompare(other));
  for (const path of byDuration) {
    const least = shares.reduce((best, share) => (share.seconds < best.seconds ? share : best));
    least.seconds += secondsOf(path);
    least.paths.push(path);
  }
  const own = shares[index - 1]?.paths ?? [];
  return paths.filter((path) => own.includes(path) || !rest.includes(path));
}

/** The slowest first: side by side with others, one that begins last would be waited for by itself. */
export class ByDuration extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => secondsOf(other.moduleId) - secondsOf(one.moduleId));
  }

  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shard } = this.ctx.config;
    if (!shard) return files;
    const share = shareOf(
      files.map(({ moduleId }) => moduleId),
      shard.index,
      shard.count,
    );
    return files.filter(({ moduleId }) => share.includes(moduleId));
  }
}
