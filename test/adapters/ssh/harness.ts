import pLimit from 'p-limit';
import { afterEach, beforeEach } from 'vitest';
import type { SshAddress } from '../../../src/adapters/ssh/address.ts';
import { SshLink } from '../../../src/adapters/ssh/connection.ts';
import { dial } from '../../../src/adapters/ssh/dial.ts';
import { KeyFiles } from '../../../src/adapters/ssh/key-files.ts';
import { Failure } from '../../../src/errors.ts';
import { TestSshServer } from '../../support/ssh-server.ts';

/** Each test's own server. */
export let server: TestSshServer;
/** How messages name it. */
export let place: string;
const links: SshLink[] = [];

/** Starts a server before each test of the file, and ends it and all links afterwards. */
export function useSshServer(): void {
  beforeEach(async () => {
    server = await TestSshServer.start();
    place = `fe1 (root@127.0.0.1:${server.port})`;
  });

  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
    await server.stop();
  });
}

export function linkTo(changes: Partial<SshAddress> = {}, become = false): SshLink {
  const dialling = { keyFiles: new KeyFiles(undefined), gate: pLimit(8), connect: undefined };
  const link = new SshLink('fe1', () => dial(server.address(changes), dialling), become);
  links.push(link);
  return link;
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error('was expected to fail with a Failure', { cause: error });
  return error;
}
