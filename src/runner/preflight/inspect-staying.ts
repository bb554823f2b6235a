/** Containers that stay: what is in the way, and what of them would not stay in a rollout. */
import { Failure, isOutOfReach } from '../../errors.ts';
import type { Instance } from '../../rollout/model.ts';
import type { BackendState, Container } from '../../rollout/observed.ts';
import type { InstanceFacts, WantedImage } from '../../rollout/plan.ts';
import { findSlot } from './find-slot.ts';
import type { Finding } from '../hosts/findings.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';
import { isProvenWithoutImage, noProof } from '../instance/readiness.ts';

interface Looking {
  readonly own: readonly RecordEntry[];
  readonly backends: readonly BackendState[];
  /** What the playbook asks for. */
  readonly wanted: () => Promise<WantedImage>;
}

export async function inspectStaying(
  host: HostAccess,
  instance: Instance,
  { own, backends, wanted }: Looking,
): Promise<{ readonly facts: InstanceFacts | undefined; readonly findings: readonly Finding[] }> {
  const { name } = host;
  const container = await host.containers.inspect(instance.container);
  const verb = instance.run ? `run ${instance.run.name} for` : 'restart';
  if (!container) {
    const why = 'there is no such container: roll it out with another strategy first';
    const text = `Cannot ${verb} ${instance.container} on ${name}: ${why}`;
    return { facts: undefined, findings: [{ kind: 'problem', host: name, text }] };
  }
  const still: Finding[] = [];
  if (instance.run && !container.running) {
    const text = `Cannot ${verb} ${instance.container} on ${name}: it is ${container.status}: start it first`;
    still.push({ kind: 'problem', host: name, text });
  }
  const { now, changesNow } = await findSlot(instance, { container, own, host });
  const { image, findings } = await imageFor(now, name, wanted);
  // What the playbook declares of a healthcheck is not what the container has.
  const asItIs = { ...now, spec: { ...now.spec, healthcheck: undefined } };
  const isProven = isProvenWithoutImage(asItIs, backends) || hasHealthcheck(container);
  const unproven: Finding[] = isProven ? [] : [{ kind: 'problem', host: name, text: noProof(now) }];
  return {
    facts: { container, image, changes: changesNow, settled: now },
    findings: [...findings, ...still, ...unproven],
  };
}

/** It is only for telling what stays: that it cannot be had keeps nothing from being done. */
async function imageFor(
  { container, spec }: Instance,
  host: string,
  wanted: () => Promise<WantedImage>,
): Promise<{ readonly image: WantedImage; readonly findings: readonly Finding[] }> {
  try {
    return { image: await wanted(), findings: [] };
  } catch (error) {
    if (!(error instanceof Failure) || isOutOfReach(error)) throw error;
    const text = `Whether ${container} has the image that ${spec.image} means by now is not known: ${error.message}`;
    return { image: { digest: undefined, id: undefined }, findings: [{ kind: 'warning', host, text }] };
  }
}

function hasHealthcheck({ image, ownHealthcheck, health }: Container): boolean {
  return (
    health !== 'none' || ((image.healthcheck ?? ownHealthcheck) !== undefined && ownHealthcheck?.test?.[0] !== 'NONE')
  );
}
