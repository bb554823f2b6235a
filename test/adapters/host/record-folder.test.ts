import { chownSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FileRecord } from '../../../src/adapters/host/record.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import { aServer } from '../../support/builders.ts';
import { localLinks } from '../../support/local-links.ts';

const drained: RecordEntry = {
  ...{ kind: 'drain', server: aServer(), standing: { weight: 10, admin: 'ready' }, wasUp: true },
  ...{ by: 'ann@desk', note: 'disk swap', at: '2026-11-21T09:00:00.000Z', run: 'one' },
};

const aLink = localLinks();

describe('the folder of the record', () => {
  const isRoot = process.getuid?.() === 0;

  it.runIf(isRoot)('is made by root in /var/lib, for nobody else but members of the group docker', async () => {
    const link = aLink();
    await new FileRecord(link).write([drained]);

    expect([0o700, 0o770]).toContain(statSync(link.stateDir).mode & 0o777);
    expect(existsSync(link.sharedDir)).toBe(false);
  });

  it('is made by an ordinary user in /var/tmp, and found there again by everybody', async () => {
    const link = aLink({ isOrdinary: true });
    const record = new FileRecord(link);
    await record.write([drained]);

    expect(readdirSync(link.sharedDir)).toEqual(['record.json', 'record.order']);
    expect(existsSync(link.stateDir)).toBe(false);
    expect(await record.read()).toEqual([drained]);
  });

  it('is the one in /var/lib, once there is one that an ordinary user may write too', async () => {
    const link = aLink({ isOrdinary: true });
    link.makeStateDir();
    await new FileRecord(link).write([drained]);

    expect(readdirSync(link.stateDir)).toEqual(['record.json', 'record.order']);
    expect(existsSync(link.sharedDir)).toBe(false);
  });

  it('is not made to be read', async () => {
    const link = aLink({ isOrdinary: true });

    expect(await new FileRecord(link).read()).toEqual([]);

    expect([link.stateDir, link.sharedDir].filter((path) => existsSync(path))).toEqual([]);
  });

  it.runIf(isRoot).each(['read', 'write'])('is refused to %s when some other user has put it there', async (verb) => {
    const link = aLink();
    mkdirSync(link.sharedDir);
    chownSync(link.sharedDir, 65_534, 65_534);
    const record = new FileRecord(link);

    const doing = verb === 'read' ? record.read() : record.write([drained]);

    await expect(doing).rejects.toThrow(/tmp\/sluice belongs to \S+ \S+, not to group docker$/);
  });
});
