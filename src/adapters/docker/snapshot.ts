/** How a container was created, as text, and how to create it again. */
import { parseJson } from '../json.ts';
import type { InspectedContainer, InspectedImage } from './inspections.ts';
import type { FileMark } from './placed-files.ts';
import { creationOf, type CreateRequest, type Creation } from './recreate.ts';

const SCHEMA = 1;

export interface SnapshotImage {
  readonly id: string;
  /** What it was called when the container was created. */
  readonly reference: string;
  /** As `repository@sha256:…`. */
  readonly digests: readonly string[];
}

export interface Snapshot {
  readonly schema: typeof SCHEMA;
  readonly image: SnapshotImage;
  /** Its `Image` is the reference, and another name where that has come to mean another image. */
  readonly request: CreateRequest;
  readonly connections: Creation['connections'];
  /** Left out where there are none. */
  readonly files?: readonly FileMark[];
}

/**
 * `image`: the one it was made from, undefined when that is gone from the host. What the container merely has from its
 * image is left out: it gets that again from the same image.
 */
export function snapshotOf(
  container: InspectedContainer,
  image: InspectedImage | undefined,
  files: readonly FileMark[] = [],
): Snapshot {
  const reference = container.Config.Image;
  const spec = { image: reference, pullPolicy: 'never' } as const;
  const { request, connections } = creationOf(spec, { container, image: image?.Config ?? {} });
  const digests = (image?.RepoDigests ?? []).toSorted();
  return {
    schema: SCHEMA,
    image: { id: container.Image, reference, digests },
    request,
    connections,
    ...(files.length > 0 && { files }),
  };
}

/** Canonical: what is equal has equal text. */
export function snapshotText(snapshot: Snapshot): string {
  return JSON.stringify(sorted(snapshot));
}

/** @throws Error when it is not the text of a snapshot */
export function parseSnapshot(text: string): Snapshot {
  const value = parseJson(text);
  if (!isSnapshot(value)) throw new Error('it is not whole');
  return value;
}

/** Whether both make the same container; how the image is called does not count. */
export function sameCreation(one: Snapshot, other: Snapshot): boolean {
  const essence = ({ image, request, connections, files }: Snapshot): string =>
    JSON.stringify(sorted({ ...{ ...request, Image: image.id }, connections, files }));
  return essence(one) === essence(other);
}

/** What the image may be called, best first. */
export function namesOf({ reference, digests, id }: SnapshotImage): readonly string[] {
  return [reference, ...digests, id];
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return false;
  if (value.schema !== SCHEMA) throw new Error(`it has schema ${String(value.schema)}, this sluice knows ${SCHEMA}`);
  const { image, request, connections } = value as Partial<Snapshot>;
  return (
    typeof image?.id === 'string' &&
    typeof image.reference === 'string' &&
    Array.isArray(image.digests) &&
    typeof request?.HostConfig === 'object' &&
    Array.isArray(connections)
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
