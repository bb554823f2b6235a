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

/** A reference as Docker has it in full: `docker.io/library/shop:latest` for `shop`. An image's id stays what it is. */
export function fullName(reference: string): string {
  if (isImageId(reference)) return reference;
  const [name = '', digest] = reference.split('@', 2);
  const [repository, tag] = splitTag(name);
  const [first = '', ...rest] = repository.split('/');
  const isHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const host = isHost ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io';
  const path = isHost ? rest.join('/') : repository;
  const whole = `${host}/${host === 'docker.io' && !path.includes('/') ? 'library/' : ''}${path}`;
  return digest === undefined ? `${whole}:${tag ?? 'latest'}` : `${whole}@${digest}`;
}

export function isImageId(reference: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(reference);
}
