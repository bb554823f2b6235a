import { afterEach } from 'vitest';
import { LocalLink } from './local-link.ts';

/** Makes links to this machine for the tests of a file, each of which is closed after its test. */
export function localLinks(): (...options: ConstructorParameters<typeof LocalLink>) => LocalLink {
  const links: LocalLink[] = [];
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });
  return (...options) => {
    const link = new LocalLink(...options);
    links.push(link);
    return link;
  };
}
