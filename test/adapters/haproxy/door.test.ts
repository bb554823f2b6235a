import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { doorOf } from '../../../src/adapters/haproxy/door.ts';
import { onHost, type Within } from '../../../src/adapters/haproxy/inside.ts';
import type { Link } from '../../../src/adapters/link.ts';
import { Absent, Failure } from '../../../src/errors.ts';

/** A link that tells what was opened; `gone` are paths where nothing is, or not any more. */
function linkWithout(...gone: string[]): { readonly link: Link; readonly opened: string[]; readonly gone: string[] } {
  const opened: string[] = [];
  const link: Partial<Link> = {
    host: 'fe1',
    openSocket: async (path) => {
      opened.push(path);
      if (gone.includes(path)) throw new Absent('refused', `Cannot open ${path} on fe1: there is no such file`);
      return new PassThrough();
    },
    openTcp: async (address, port) => {
      opened.push(`${address} ${port}`);
      return new PassThrough();
    },
  };
  return { link: link as Link, opened, gone };
}

describe('doorOf()', () => {
  it.each([
    { socket: '/run/haproxy.sock', opens: '/run/haproxy.sock' },
    { socket: 'ipv4@127.0.0.1:9999', opens: '127.0.0.1 9999' },
    { socket: '127.0.0.1:9999', opens: '127.0.0.1 9999' },
    { socket: 'lb.internal:9999', opens: 'lb.internal 9999' },
    { socket: 'ipv6@[::1]:9999', opens: '::1 9999' },
  ])('opens $opens for $socket', async ({ socket, opens }) => {
    const { link, opened } = linkWithout();
    await doorOf(link, { socket }, onHost).open();
    expect(opened).toEqual([opens]);
  });

  it('takes nothing else for an address, and no address for one in a container', () => {
    const { link } = linkWithout();
    expect(() => doorOf(link, { socket: 'haproxy.sock' }, onHost)).toThrow(/neither a path nor an address/);
    const both = { socket: '127.0.0.1:9999', container: 'lb' };
    expect(() => doorOf(link, both, onHost)).toThrow(/an address is reached from the host: leave out the container/);
  });

  it('looks for the path in a container once, and again when the container was started anew', async () => {
    let pid = 7;
    const asked: string[] = [];
    const pathOf = async (path: string): Promise<string> => {
      asked.push(path);
      return `/proc/${pid}/root${path}`;
    };
    const { link, opened, gone } = linkWithout();
    const place = { socket: '/run/haproxy.sock', container: 'lb' };
    const door = doorOf(link, place, { pathOf, procDir: async () => '/proc/7/root/proc' });

    await door.open();
    await door.open();
    expect(asked).toHaveLength(1);

    pid = 8;
    gone.push('/proc/7/root/run/haproxy.sock');
    await door.open();
    expect(asked).toHaveLength(2);
    expect(opened).toEqual([
      '/proc/7/root/run/haproxy.sock',
      '/proc/7/root/run/haproxy.sock',
      '/proc/7/root/run/haproxy.sock',
      '/proc/8/root/run/haproxy.sock',
    ]);
  });

  it('does not try again where nothing has moved', async () => {
    const { link, opened } = linkWithout('/proc/7/root/run/haproxy.sock');
    const inside = { ...onHost, pathOf: async (path: string) => `/proc/7/root${path}` };
    const door = doorOf(link, { socket: '/run/haproxy.sock', container: 'lb' }, inside);
    await expect(door.open()).rejects.toThrow(/^Cannot open/);
    await expect(door.open()).rejects.toThrow(/^Cannot open/);
    expect(opened).toHaveLength(2);
  });

  describe('of a container whose files the user may not use', () => {
    const place = { socket: '/run/haproxy.sock', container: 'lb' };
    const pathOf = async (path: string): Promise<string> => `/proc/7/root${path}`;
    /** Reaches what has this channel, as soon as that is asked for once. */
    function within(channel: string | Failure): { readonly within: Within; readonly entered: string[] } {
      const entered: string[] = [];
      const openSocket = async (path: string): Promise<PassThrough> => {
        if (channel instanceof Failure) throw channel;
        entered.push(path);
        return new PassThrough();
      };
      const channelTo = (): string | undefined =>
        entered.length > 0 && typeof channel === 'string' ? channel : undefined;
      const run = async () => ({ exitCode: 0, output: '' });
      return { within: { openSocket, channelTo, run }, entered };
    }

    it('opens it in there, and does so at once when that has worked', async () => {
      const { link, opened } = linkWithout('/proc/7/root/run/haproxy.sock');
      const { within: way, entered } = within('docker exec: perl');
      const door = doorOf(link, place, { ...onHost, pathOf, within: way });

      await door.open();
      await door.open();

      expect(entered).toEqual(['/run/haproxy.sock', '/run/haproxy.sock']);
      expect(opened).toHaveLength(1);
    });

    it('goes by the file as long as the user may use that', async () => {
      const { link, opened } = linkWithout();
      const { within: way, entered } = within('docker exec: perl');
      await doorOf(link, place, { ...onHost, pathOf, within: way }).open();
      expect([opened.length, entered.length]).toEqual([1, 0]);
    });

    it('says both when it cannot be opened in there either', async () => {
      const { link } = linkWithout('/proc/7/root/run/haproxy.sock');
      const { within: way } = within(new Failure('refused', 'Cannot open it in container lb: it has no socat'));
      await expect(doorOf(link, place, { ...onHost, pathOf, within: way }).open()).rejects.toThrow(
        'Cannot open /proc/7/root/run/haproxy.sock on fe1: there is no such file; Cannot open it in container lb: it has no socat',
      );
    });

    it.each([
      { why: 'it has no socat', Kind: Failure },
      { why: 'connection refused', Kind: Absent },
    ])('is sure that there is none only where it was looked for in there: $why', async ({ why, Kind }) => {
      const { link } = linkWithout('/proc/7/root/run/haproxy.sock');
      const { within: way } = within(new Kind('refused', why));
      const opening = doorOf(link, place, { ...onHost, pathOf, within: way }).open();
      const failure: unknown = await opening.catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Failure);
      expect(failure instanceof Absent).toBe(Kind === Absent);
    });
  });
});
