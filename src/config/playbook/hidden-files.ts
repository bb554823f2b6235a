/** Secrets and configs that the container would not see where they are put. */
import type { WrittenFile } from '../compose/files.ts';
import type { Place } from '../compose/nodes.ts';
import type { WholeContainer } from './container.ts';

/** Each message completes "services.web.". */
export function hiddenFiles(
  files: readonly WrittenFile[],
  container: WholeContainer,
): readonly { readonly at: Place; readonly message: string }[] {
  const mounted = [...Object.keys(container.tmpfs ?? {}), ...(container.volumes ?? []).map(targetOf)];
  return files.flatMap(({ file: { kind, target }, node }) => {
    const complain = (why: string) => [{ at: node.place(), message: `${kind}s: cannot put ${target} there: ${why}` }];
    if (container.read_only === true) return complain('read_only keeps the Engine from it');
    const over = mounted.find((path) => isWithin(target, path));
    return over === undefined ? [] : complain(`what is mounted at ${over} would hide it, or keep it on the host`);
  });
}

function targetOf(volume: NonNullable<WholeContainer['volumes']>[number]): string {
  if (typeof volume !== 'string') return volume.target;
  const [source = '', target = source] = volume.split(':');
  return target;
}

/** The same path, or below it. */
function isWithin(path: string, folder: string): boolean {
  const bare = folder.replace(/\/+$/, '');
  return path === bare || path.startsWith(`${bare}/`);
}
