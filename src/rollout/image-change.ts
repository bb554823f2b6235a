/** `registry/app:v1 → v2`: what both have in common is said once. */
export function imageChange(from: string, to: string): string {
  const [repository, tag] = splitTag(to);
  return tag !== undefined && splitTag(from)[0] === repository ? `${from} → ${tag}` : `${from} → ${to}`;
}

/** A colon after the last slash parts a tag from a name; one before it belongs to the registry's port. */
export function splitTag(reference: string): [string, string | undefined] {
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return colon === -1 ? [reference, undefined] : [reference.slice(0, colon), reference.slice(colon + 1)];
}

/** `registry/app:v1` as it was under this digest: `registry/app@sha256:…`. */
export function byDigest(reference: string, digest: string): string {
  const [name = ''] = reference.split('@', 1);
  return `${splitTag(name)[0]}@${digest}`;
}
