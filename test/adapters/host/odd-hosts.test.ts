import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FlockLock } from '../../../src/adapters/host/lock.ts';
import { FileRecord } from '../../../src/adapters/host/record.ts';
import type { Link } from '../../../src/adapters/link.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import { aLockOwner, aServer } from '../../support/builders.ts';
import { LocalLink } from '../../support/local-link.ts';

const drained: RecordEntry = {
  kind: 'drain',
  server: aServer(),
  standing: { weight: 10, admin: 'ready' },
  wasUp: true,
  by: 'a',
  note: '',
  at: '',
  run: 'one',
};

it('a connection lost while a record is sent leaves the old record in its place', async () => {
  const link = new LocalLink();
  await new FileRecord(link).write([drained]);
  const breaking = Object.assign(Object.create(link) as Link, {
    run: (command: string, { stdin = '' }: { stdin?: string } = {}) =>
      link.run(command, { stdin: stdin.slice(0, stdin.length / 2) }),
  });
  await new FileRecord(breaking).write([drained, drained]).catch(() => undefined);
  expect(await new FileRecord(link).read()).toEqual([drained]);
});
it('an empty record file is refused as torn', async () => {
  const link = new LocalLink();
  link.makeStateDir();
  writeFileSync(join(link.stateDir, 'record.json'), '');
  await expect(new FileRecord(link).read()).rejects.toMatchObject({ code: 'error' });
});
it('a record that this user may not see is not taken for none', async () => {
  const root = new LocalLink();
  await new FileRecord(root).write([drained]);
  chmodSync(root.stateDir, 0o700);
  const ordinary = new LocalLink({ isOrdinary: true });
  const same = Object.assign(Object.create(ordinary) as Link, {
    run: (command: string, options: object) =>
      ordinary.run(command.replaceAll('/var/lib/sluice', root.stateDir), options),
  });
  await expect(new FileRecord(same).read()).rejects.toMatchObject({ code: 'error' });
});
it('an entry without a balancer is refused with a sentence', async () => {
  const link = new LocalLink();
  link.makeStateDir();
  const entry = { ...drained, server: { backend: 'b', name: 'n' } };
  writeFileSync(join(link.stateDir, 'record.json'), JSON.stringify({ schema: 1, entries: [entry] }));
  await expect(new FileRecord(link).read()).rejects.toThrow(/an entry is not whole/);
});
it('a host without flock is not taken for one that another run holds', async () => {
  const folder = new LocalLink();
  folder.makeStateDir();
  const bin = join(folder.stateDir, 'bin');
  mkdirSync(bin);
  for (const tool of ['sh', 'cat', 'id', 'mkdir', 'stat', 'chmod', 'chgrp', 'rm', 'mktemp', 'timeout'])
    symlinkSync(`/bin/${tool}`, join(bin, tool));
  const link = new LocalLink({ env: { PATH: bin } });
  await expect(new FlockLock(link).take(aLockOwner())).rejects.toMatchObject({ code: 'error' });
});
