import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/adapters/docker/engine.ts';
import { insideOf } from '../../../src/adapters/docker/inside.ts';
import type { InspectedContainer } from '../../../src/adapters/docker/inspections.ts';
import type { Link } from '../../../src/adapters/link.ts';
import { Absent, Failure } from '../../../src/errors.ts';

/** Nothing is asked of it. */
const engine = new Engine({ host: 'fe1' } as Link, '/var/run/docker.sock');

function container(over: Partial<InspectedContainer>, state: Partial<InspectedContainer['State']> = {}) {
  const whole: InspectedContainer = {
    ...{ Id: 'abc', Name: '/lb', Image: 'sha256:1', Config: { Image: 'haproxy' }, HostConfig: {}, NetworkSettings: {} },
    State: { Status: 'running', Running: true, ExitCode: 0, StartedAt: '', Pid: 4711, ...state },
    ...over,
  };
  return insideOf(engine, 'lb', async () => whole);
}

const mounts = [
  { Type: 'bind', Source: '/srv/haproxy/', Destination: '/run' },
  { Type: 'volume', Name: 'sock', Source: '/var/lib/docker/volumes/sock/_data', Destination: '/run/haproxy/' },
  { Type: 'tmpfs', Source: '', Destination: '/tmp' },
];

describe('insideOf()', () => {
  it.each([
    { path: '/run/haproxy.sock', is: '/srv/haproxy/haproxy.sock' },
    { path: '/run/haproxy/admin.sock', is: '/var/lib/docker/volumes/sock/_data/admin.sock' },
    { path: '/runner/haproxy.sock', is: '/proc/4711/root/runner/haproxy.sock' },
    { path: '/tmp/haproxy.sock', is: '/proc/4711/root/tmp/haproxy.sock' },
  ])('finds $path at $is', async ({ path, is }) => {
    expect(await container({ Mounts: mounts }).pathOf(path)).toBe(is);
  });

  it('finds the processes by the ids that they have in it', async () => {
    expect(await container({}).procDir()).toBe('/proc/4711/root/proc');
  });

  it('says why there is nothing to look into', async () => {
    const ended = container({}, { Running: false, Status: 'exited', Pid: 0 });
    await expect(ended.pathOf('/run/haproxy.sock')).rejects.toThrow(
      'Cannot look into container lb on fe1: it is exited',
    );
    const none = insideOf(engine, 'lb', async () => undefined);
    await expect(none.procDir()).rejects.toThrow('Cannot look into container lb on fe1: there is no such container');
    // One that is being started anew will be there in a moment.
    const coming = container({}, { Running: false, Status: 'restarting', Pid: 0 });
    const kinds = [ended, none, coming].map(async (one) => one.procDir().catch((error: unknown) => error));
    const [first, second, third] = await Promise.all(kinds);
    expect([first, second].map((error) => error instanceof Absent)).toEqual([true, true]);
    expect([third instanceof Failure, third instanceof Absent]).toEqual([true, false]);
  });
});
