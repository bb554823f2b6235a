import { Failure, reasonOf } from '../../errors.ts';
import type { Engine } from './engine.ts';

const WITHIN_MS = 15_000;

/**
 * Says who has the port that a container could not be started for: another container, or nobody. A daemon that is
 * killed just as it starts a container, as by a power cut, binds that one's ports again when it comes back, and never
 * lets go of them, though no container has them (seen with Docker 20.10.24). Other failures stay as they are.
 */
export async function withHolder(engine: Engine, failure: unknown): Promise<unknown> {
  const [, address] = /Bind for (\S+) failed: port is already allocated/.exec(reasonOf(failure)) ?? [];
  if (!(failure instanceof Failure) || address === undefined) return failure;
  const held = await holderOf(engine, portOf(address)).catch(() => undefined);
  return held === undefined ? failure : new Failure(failure.code, `${failure.message}: ${held}`, { cause: failure });
}

async function holderOf(engine: Engine, port: number): Promise<string> {
  const running = await engine.call({
    what: 'list the containers',
    withinMs: WITHIN_MS,
    ask: (docker, abortSignal) => docker.listContainers({ abortSignal }),
  });
  const holder = running.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
  if (holder) return `container ${holder.Names.map((name) => name.replace(/^\//, '')).join()} has it`;
  return `no container has it, so the Docker daemon has kept it since it was killed; restart Docker on ${engine.host}`;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
