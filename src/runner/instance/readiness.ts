import { Failure } from '../../errors.ts';
import { isOf } from '../../rollout/capacity.ts';
import { serverPath, type Instance } from '../../rollout/model.ts';
import type { BackendState, Container } from '../../rollout/observed.ts';
import { isPassing } from '../waiting/poll.ts';
import type { HostAccess, ProbeResult } from '../ports/ports.ts';

const PROBE_WITHIN_MS = 5_000;

/**
 * The instance's `ready` probe, once; well without one. A probe that cannot be made, or that takes too long, is one that did
 * not pass.
 */
export async function probeOnce({ ready, container }: Instance, host: HostAccess): Promise<ProbeResult> {
  const { probe } = ready;
  if (!probe) return { ok: true };
  if (probe.kind !== 'command') return host.probe(probe, PROBE_WITHIN_MS);
  try {
    const { exitCode, output } = await host.containers.exec(container, probe.command, PROBE_WITHIN_MS);
    return exitCode === 0 ? { ok: true } : { ok: false, why: `the command exits with ${exitCode}: ${output.trim()}` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // As of an answer by HTTP: an application that hangs is not ready, and must not keep its successor away.
    if (error.code === 'late') return { ok: false, why: `the command takes longer than ${PROBE_WITHIN_MS / 1000} s` };
    if (isPassing(error)) throw error;
    return { ok: false, why: error.message };
  }
}

/** Whether a container that runs now would pass as ready. It is asked once more: a single look may have met a slow moment. */
export async function isReady(container: Container, instance: Instance, host: HostAccess): Promise<boolean> {
  if (!container.running || container.health === 'starting' || container.health === 'unhealthy') return false;
  return (await probeOnce(instance, host)).ok || (await probeOnce(instance, host)).ok;
}

/**
 * Whether something other than the image's own healthcheck proves the application.
 *
 * Docker's proxy accepts connections for a container as soon as it exists, so neither an open port nor HAProxy's
 * plain TCP check proves anything: it must be something above TCP.
 */
export function isProvenWithoutImage({ ready, spec, servers }: Instance, backends: readonly BackendState[]): boolean {
  if (ready.probe && ready.probe.kind !== 'tcp') return true;
  const test = spec.healthcheck?.test;
  if (test !== undefined && test[0] !== 'NONE') return true;
  return servers.some((server) => {
    const states = backends.filter((backend) => isOf(backend, server)).flatMap((backend) => backend.servers);
    const state = states.find((candidate) => serverPath(candidate.server) === serverPath(server));
    return state?.lastCheck.startsWith('L7') ?? false;
  });
}

export function noProof({ container }: Instance): string {
  return `Nothing proves that ${container} answers: add ready: { http: … } or a healthcheck (an open port proves nothing, Docker's proxy opens it at once)`;
}
