import type { ContainerSpec } from '../../rollout/container-spec.ts';
import type { InspectedContainer } from './inspections.ts';

/** The Engine turns the name in a mode `container:name` into an id: so does this, to compare the two. */
export async function withIds(
  spec: ContainerSpec,
  inspected: (name: string) => Promise<InspectedContainer | undefined>,
): Promise<ContainerSpec> {
  const withId = async (mode: string | undefined): Promise<string | undefined> => {
    const [, other] = /^container:(.+)$/.exec(mode ?? '') ?? [];
    const container = other === undefined ? undefined : await inspected(other);
    return container ? `container:${container.Id}` : mode;
  };
  const [networkMode, pid, ipc] = await Promise.all([spec.networkMode, spec.pid, spec.ipc].map(withId));
  return { ...spec, networkMode, pid, ipc };
}
