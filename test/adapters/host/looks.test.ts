import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { onHost } from '../../../src/adapters/haproxy/inside.ts';
import { addressesOf, firstSocket, systemOf } from '../../../src/adapters/host/looks.ts';
import { quoted, type Link } from '../../../src/adapters/link.ts';
import { LocalLink } from '../../support/local-link.ts';

const link = new LocalLink();
const folder = mkdtempSync(join(tmpdir(), 'sluice-looks-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await link.close();
});

describe('addressesOf()', () => {
  it('are those that others may know the host by', async () => {
    const says: Partial<Link> = {
      run: async (command) => {
        const shown = [
          '1: lo    inet 127.0.0.1/8 scope host lo',
          '2: eth0    inet 10.77.0.11/24 brd 10.77.0.255 scope global eth0',
          '2: eth0    inet6 fd00::11/64 scope global',
          '3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0',
          '4: br-8f3a    inet 172.18.0.1/16 scope global br-8f3a',
        ].slice(1);
        return link.run(
          command.replace('ip -o addr show scope global', `printf '%s\\n' ${shown.map(quoted).join(' ')}`),
        );
      },
    };
    expect(await addressesOf(says as Link)).toEqual(['10.77.0.11', 'fd00::11']);
  });

  it('are those of hostname(1) where there is no ip(8)', async () => {
    const says: Partial<Link> = {
      run: (command) =>
        link.run(
          command.replace('ip -o addr show scope global', 'false').replace('hostname -I', 'echo 10.77.0.11 fd00::11'),
        ),
    };
    expect(await addressesOf(says as Link)).toEqual(['10.77.0.11', 'fd00::11']);
  });
});

describe('firstSocket()', () => {
  it('is the first of the paths that is a socket, whatever its name', async () => {
    const [file, one, two] = ['a file', `it's one.sock`, 'two.sock'].map((name) => join(folder, name));
    if (file === undefined || one === undefined || two === undefined) throw new Error('there are three');
    writeFileSync(file, '');
    const listening = [one, two].map((path) => createServer().listen(path));
    await Promise.all(listening.map((server) => once(server, 'listening')));

    expect(await firstSocket(link, ['/nosuch', folder, file, one, two], onHost)).toBe(one);
    expect(await firstSocket(link, [two, one], onHost)).toBe(two);
    expect(await firstSocket(link, ['/nosuch', file], onHost)).toBeUndefined();
    for (const server of listening) server.close();
  });

  it('is, where none of them is seen to be one, the first that may be there out of sight', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const [hidden, other] = ['a.sock', 'b.sock'].map((name) => join(closed, name));
    if (hidden === undefined || other === undefined) throw new Error('there are two');
    chmodSync(closed, 0);
    chmodSync(folder, 0o755);

    expect(await firstSocket(ordinary, ['/nosuch', hidden, other], onHost)).toBe(hidden);
    chmodSync(closed, 0o755);
    expect(await firstSocket(ordinary, ['/nosuch', hidden, other], onHost)).toBeUndefined();
    await ordinary.close();
  });
});

describe('systemOf()', () => {
  it('tells the clock of the host, its boot, and whether we are root', async () => {
    const link = new LocalLink();

    const { now, bootId, isRoot } = await systemOf(link);

    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(2_000);
    expect(bootId).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect(isRoot).toBe(process.getuid?.() === 0);
  });

  it('says what is missing where it cannot be told', async () => {
    const link: Link = Object.assign(Object.create(new LocalLink()) as Link, {
      run: async () => ({ exitCode: 127, stdout: '', stderr: 'date: not found\n' }),
    });

    await expect(systemOf(link)).rejects.toThrow('Cannot look at the clock and the boot of fe1: date: not found');
  });
});
