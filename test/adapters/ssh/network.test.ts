import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SshLink } from '../../../src/adapters/ssh/connection.ts';
import { SshNetwork, type NetworkOptions } from '../../../src/adapters/ssh/network.ts';
import type { SshRequest, Transport } from '../../../src/rollout/ssh-request.ts';
import { TestSshServer } from '../../support/ssh-server.ts';
import { failureOf, transports } from './harness.ts';

/** Of every test: a host behind two jump hosts. */
let [first, second, target] = [] as unknown as [TestSshServer, TestSshServer, TestSshServer];
let folder: string;
let network: SshNetwork;
/** Who connects. */
let transport: Transport | undefined;
const links: SshLink[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-network-'));
  [first, second, target] = await Promise.all([TestSshServer.start(), TestSshServer.start(), TestSshServer.start()]);
  network = networkWith({});
});

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await network.close();
  await Promise.all([first, second, target].map((server) => server.stop()));
  await rm(folder, { recursive: true });
});

function networkWith(options: Partial<NetworkOptions>): SshNetwork {
  const nobody = { environment: process.env, warn: () => undefined, ask: undefined, hostKeyChecking: undefined };
  return new SshNetwork({ ...nobody, ...options });
}

async function requestFor(text: string, host = 'fe1'): Promise<SshRequest> {
  const configFile = join(folder, 'config');
  await writeFile(configFile, text);
  return { host, destination: host, options: [], transport, become: false, configFile };
}

function linkTo(request: SshRequest): SshLink {
  const link = network.linkTo(request);
  links.push(link);
  return link;
}

function behindBoth(): string {
  return first.config('one') + second.config('two') + target.config('fe*', ['ProxyJump one,two']);
}

describe.each(transports)('the way over jump hosts by %s', (by) => {
  beforeEach(() => {
    transport = by;
  });

  afterEach(() => {
    transport = undefined;
  });

  it('leads to the host, each with its own settings and its own host key', async () => {
    const link = linkTo(await requestFor(behindBoth()));

    expect((await link.run('uptime')).stdout).toBe('uptime\n');

    expect([first, second, target].map((server) => server.connections)).toEqual([1, 1, 1]);
  });

  it('is prolonged by the jump host of the first', async () => {
    const text =
      first.config('one') + second.config('two', ['ProxyJump one']) + target.config('fe1', ['ProxyJump two']);

    await linkTo(await requestFor(text)).run('true');

    expect([first, second, target].map((server) => server.connections)).toEqual([1, 1, 1]);
  });

  it('is one connection for all that are behind it', async () => {
    const text = behindBoth();

    const all = await Promise.all(['fe1', 'fe2', 'fe3'].map(async (host) => linkTo(await requestFor(text, host))));
    await Promise.all(all.map((link) => link.run('true')));

    expect([first, second, target].map((server) => server.connections)).toEqual([1, 1, 3]);
  });

  it('has at most eight handshakes under way through one jump host', async () => {
    const text = first.config('one') + target.config('fe*', ['ProxyJump one']);
    const hosts = Array.from({ length: 20 }, (_, index) => `fe${index}`);

    await Promise.all(hosts.map(async (host) => linkTo(await requestFor(text, host)).run('true')));

    expect(target.connections).toBe(20);
    expect(target.mostHandshakes).toBeLessThanOrEqual(8);
    expect(target.mostHandshakes).toBeGreaterThan(1);
  });

  it('is tried again when the host behind it hangs up before the handshake', async () => {
    const text = first.config('one') + target.config('fe1', ['ProxyJump one']);
    target.hangUps = 2;

    await linkTo(await requestFor(text)).run('true');

    expect(first.connections).toBe(1);
  });

  it('is lost with a jump host, for all behind it, and made again once', async () => {
    const text = behindBoth();
    const [one, two] = [linkTo(await requestFor(text, 'fe1')), linkTo(await requestFor(text, 'fe2'))];
    await Promise.all([one.run('true'), two.run('true')]);
    target.command = () => undefined;
    const [oneLost, twoLost] = [failureOf(one.run('sleep 9')), failureOf(two.run('sleep 9'))];

    first.drop();

    for (const failure of [await oneLost, await twoLost]) {
      expect(failure.code).toBe('unreachable');
      expect(failure.message).toMatch(
        /^Cannot reach fe[12] \(root@127.0.0.1:\d+ through one, two\): connection lost \(/,
      );
    }
    target.command = (_, channel) => {
      channel.exit(0);
      channel.end();
    };
    await Promise.all([one.run('true'), two.run('true')]);
    expect([first, second, target].map((server) => server.connections)).toEqual([2, 2, 4]);
  });

  it('breaks off where a host key is not known, and says where', async () => {
    await writeFile(join(second.folder, 'known_hosts'), '');

    const failure = await failureOf(linkTo(await requestFor(behindBoth())).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/^Cannot reach two \(root@127.0.0.1:\d+ through one\): its host key SHA256:/);
  });

  it('adds host keys everywhere when the command line says so', async () => {
    await Promise.all([first, second, target].map((one) => writeFile(join(one.folder, 'known_hosts'), '')));
    network = networkWith({ hostKeyChecking: 'accept-new' });

    await linkTo(await requestFor(behindBoth())).run('true');

    for (const one of [first, second, target])
      expect(await readFile(join(one.folder, 'known_hosts'), 'utf8')).toMatch(one.hostKey.public);
  });

  it('ends where the jump host cannot connect, and says why', async () => {
    first.forwarding = 'refused';

    const failure = await failureOf(linkTo(await requestFor(behindBoth())).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/^Cannot reach two \(.* through one\): Cannot connect to 127.0.0.1:\d+ from one: /);
  });

  it.each([
    ['Host *\n  ProxyJump one\n', 'fe1 → one → one'],
    ['Host fe1\n  ProxyJump me@a:1\nHost a\n  ProxyJump b\nHost b\n  ProxyJump me@a:1\n', 'fe1 → me@a:1 → b → me@a:1'],
  ])('that goes round in a circle is refused: %j', async (text, circle) => {
    const failure = await failureOf(network.route(await requestFor(text)));

    expect(failure.code).toBe('config');
    expect(failure.message).toBe(`Cannot connect to fe1: its jump hosts go round in a circle: ${circle}`);
  });
});

describe('a ProxyCommand', () => {
  /** A program that carries what it reads to a port, and back. */
  const carry = `const s = require('node:net').connect(Number(process.argv[2]), process.argv[1]); process.stdin.pipe(s).pipe(process.stdout)`;

  it('carries the connection', async () => {
    const script = join(folder, 'carry.cjs');
    await writeFile(
      script,
      carry.replaceAll('process.argv[2]', 'process.argv[3]').replaceAll('process.argv[1]', 'process.argv[2]'),
    );
    const link = linkTo(await requestFor(target.config('fe1', [`ProxyCommand ${process.execPath} ${script} %h %p`])));

    expect((await link.run('uptime')).stdout).toBe('uptime\n');
  });

  it('that fails is told, with what it says', async () => {
    const text = target.config('fe1', ['ProxyCommand sh -c "echo no route >&2; exit 3"']);

    const failure = await failureOf(linkTo(await requestFor(text)).run('true'));

    expect(failure.code).toBe('unreachable');
    expect(failure.message).toMatch(/^Cannot reach fe1 .*: its ProxyCommand ended with status 3: no route$/);
  });
});
