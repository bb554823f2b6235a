import { Failure } from '../../errors.ts';
import { bare, type InspectedContainer, type InspectedMount } from './inspections.ts';

/** Where on the host the files and processes of a container are. Asked anew each time: a restart moves them. */
export interface InsideContainer {
  /** What is mounted there from the host, else the path as the container's first process sees it, which only root may. */
  readonly pathOf: (path: string) => Promise<string>;
  /** A /proc that has the container's processes by the ids that they have in it; only root may look. */
  readonly procDir: () => Promise<string>;
  /** Whether something of the host is mounted at exactly this path. */
  readonly isMount: (path: string) => Promise<boolean>;
}

/** @throws Failure `docker`, from each look, while the container does not run */
export function insideOf(
  name: string,
  inspected: () => Promise<InspectedContainer | undefined>,
  host: string,
): InsideContainer {
  const running = async (): Promise<{ readonly root: string; readonly mounts: readonly InspectedMount[] }> => {
    const container = await inspected();
    const refuse = (why: string): Failure =>
      new Failure('docker', `Cannot look into container ${name} on ${host}: ${why}`);
    if (!container) throw refuse('there is no such container');
    const { Running: isRunning, Pid: pid, Status: status } = container.State;
    if (!isRunning || pid === undefined || pid === null || pid === 0) throw refuse(`it is ${status}`);
    return { root: `/proc/${pid}/root`, mounts: container.Mounts ?? [] };
  };
  return {
    pathOf: async (path) => {
      const { root, mounts } = await running();
      return mountedAt(path, mounts) ?? `${root}${path}`;
    },
    procDir: async () => `${(await running()).root}/proc`,
    isMount: async (path) => (await running()).mounts.some(({ Destination }) => bare(Destination) === path),
  };
}

/** By the mount that reaches deepest. */
function mountedAt(path: string, mounts: readonly InspectedMount[]): string | undefined {
  const covering = mounts
    .map(({ Source: source, Destination }) => ({ source: source ?? '', target: bare(Destination) }))
    .filter(({ source, target }) => source !== '' && (path === target || path.startsWith(`${target}/`)))
    .toSorted((one, other) => other.target.length - one.target.length);
  const [deepest] = covering;
  return deepest && `${bare(deepest.source)}${path.slice(deepest.target.length)}`;
}
