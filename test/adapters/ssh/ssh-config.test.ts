import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SshAddress } from '../../../src/adapters/ssh/address.ts';
import { SshConfig } from '../../../src/adapters/ssh/ssh-config.ts';
import type { SshRequest } from '../../../src/rollout/ssh-request.ts';
import { failureOf } from './harness.ts';

let folder: string;
const warnings: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
  warnings.length = 0;
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Asking {
  readonly text?: string;
  readonly options?: readonly (readonly [string, string])[];
  readonly environment?: NodeJS.ProcessEnv;
}

async function addressOf(
  destination: string,
  { text = '', options = [], environment = process.env }: Asking = {},
): Promise<SshAddress> {
  const configFile = join(folder, 'config');
  await writeFile(configFile, text);
  const given = options.map(([keyword, value]) => ({ keyword, value }));
  const request: SshRequest = {
    host: 'fe1',
    destination,
    options: given,
    transport: undefined,
    become: false,
    configFile,
  };
  const warn = (warning: string): void => {
    warnings.push(warning);
  };
  return new SshConfig({ environment, warn }).addressOf(request);
}

const home = userInfo().homedir;

describe('SshConfig, by ssh -G', () => {
  it("has OpenSSH's defaults, and our own for what it leaves open", async () => {
    const address = await addressOf('fe1', { environment: { ...process.env, SSH_AUTH_SOCK: '/run/agent' } });

    expect(address).toMatchObject({
      ...{ host: 'fe1', address: 'fe1', port: 22, user: userInfo().username },
      ...{ identitiesOnly: false, agentSocket: '/run/agent', hostKeyAlias: undefined, hostKeyChecking: 'yes' },
      ...{ connectTimeoutMs: 10_000, attempts: 1, keepalive: { everyMs: 5_000, unanswered: 3 } },
      ...{ jumps: [], proxyCommand: undefined },
    });
    expect(address.identityFiles).toContain(`${home}/.ssh/id_ed25519`);
    expect(address.knownHostsFiles).toEqual([
      `${home}/.ssh/known_hosts`,
      `${home}/.ssh/known_hosts2`,
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ]);
  });

  it('takes everything that is heeded', async () => {
    const text = `Host t
      HostName 10.0.0.5
      User deploy
      Port 2222
      AddressFamily inet6
      BindAddress 10.0.0.1
      IdentityFile ~/k1
      IdentityFile "/a b/k-%h-%r-%%"
      CertificateFile ~/k1-%r.pub
      IdentitiesOnly yes
      IdentityAgent \${FOO}/agent
      ProxyJump b1,u@b2:2222
      UserKnownHostsFile ~/kh1 /kh2
      GlobalKnownHostsFile none
      HostKeyAlias lab
      StrictHostKeyChecking accept-new
      HashKnownHosts yes
      ConnectTimeout 7
      ConnectionAttempts 4
      ServerAliveInterval 9
      ServerAliveCountMax 2
      Ciphers aes256-ctr
      KexAlgorithms curve25519-sha256
      MACs hmac-sha2-512
      HostKeyAlgorithms ssh-ed25519`;

    expect(await addressOf('t', { text, environment: { ...process.env, FOO: '/foo' } })).toEqual({
      ...{ host: 'fe1', address: '10.0.0.5', port: 2222, user: 'deploy', family: 6, bindAddress: '10.0.0.1' },
      ...{ identityFiles: [`${home}/k1`, '/a b/k-10.0.0.5-deploy-%'], identitiesOnly: true, agentSocket: '/foo/agent' },
      ...{ knownHostsFiles: [`${home}/kh1`, '/kh2'], newKeysFile: `${home}/kh1` },
      ...{ hostKeyAlias: 'lab', hostKeyChecking: 'accept-new' },
      ...{ hashKnownHosts: true, connectTimeoutMs: 7_000, attempts: 4, keepalive: { everyMs: 9_000, unanswered: 2 } },
      ...{ jumps: ['b1', 'u@b2:2222'], proxyCommand: undefined },
      ...{ certificateFiles: [`${home}/k1-deploy.pub`], openssh: undefined },
      algorithms: {
        ...{ kex: ['curve25519-sha256'], hostKey: ['ssh-ed25519'] },
        ...{ cipher: ['aes256-ctr'], mac: ['hmac-sha2-512'] },
      },
    });
  });

  it('heeds Match, Include and patterns, as OpenSSH does', async () => {
    await writeFile(join(folder, 'more'), 'Host *.example\n  Port 24\n');
    const text = `Include ${folder}/more\nMatch host fe1.example exec "test -d ${folder}"\n  User matched\n`;

    expect(await addressOf('fe1.example', { text })).toMatchObject({ port: 24, user: 'matched' });
  });

  it('lets what is given win, and identity files add up', async () => {
    const text = 'Host fe1\n  User theirs\n  Port 1\n  IdentityFile /theirs\n';
    const options = [
      ['user', 'ours'],
      ['user', 'later'],
      ['identityfile', '/ours'],
    ] as const;

    const address = await addressOf('fe1', { text, options });

    expect(address).toMatchObject({ user: 'ours', port: 1, identityFiles: ['/ours', '/theirs'] });
  });

  it('takes a ProxyCommand, with its tokens', async () => {
    const text = 'Host t\n  HostName 10.0.0.5\n  ProxyCommand nc -q0 %h %p "%n %r %%"\n';

    const { proxyCommand } = await addressOf('t', { text, options: [['user', 'me']] });

    expect(proxyCommand).toBe('nc -q0 10.0.0.5 22 "t me %"');
  });

  it.each([
    ['Port none', 'ssh says: /CONFIG line 1: Bad'],
    ['RevokedHostKeys /etc/krl', 'RevokedHostKeys is set, which only --transport openssh heeds'],
    [
      'PubkeyAuthentication no',
      'PubkeyAuthentication is off, and without --transport openssh sluice logs in by keys and ssh-agent only',
    ],
    ['ProxyUseFdpass yes', 'ProxyUseFdpass is set, which only --transport openssh can do'],
    ['HostName "a;b"\nProxyCommand nc %h 22', 'its ProxyCommand would be given "a;b", which a shell may take for'],
  ])('refuses %s', async (text, why) => {
    const failure = await failureOf(addressOf('fe1', { text }));

    expect(failure.code).toBe('config');
    expect(failure.message.replace(join(folder, 'config'), '/CONFIG')).toMatch(`Cannot connect to fe1: ${why}`);
  });

  it('tells what ssh says of a wrong option of ours', async () => {
    const failure = await failureOf(addressOf('fe1', { options: [['stricthostkeychecking', 'maybe']] }));

    expect(failure.message).toBe('Cannot connect to fe1: ssh says: unsupported option "maybe".');
  });
});

describe('SshConfig, without an ssh program', () => {
  const environment = { PATH: '/nowhere' };

  it('has what is given, and warns once that the configuration is not read', async () => {
    const options = [
      ['port', '2222'],
      ['identityfile', '"~/a b"'],
      ['userknownhostsfile', '/kh'],
    ] as const;

    const address = await addressOf('10.0.0.5', { options, environment });

    expect(address).toMatchObject({
      ...{ address: '10.0.0.5', port: 2222, user: userInfo().username, identityFiles: [`${home}/a b`] },
      ...{ knownHostsFiles: ['/kh', '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'], hostKeyChecking: 'yes' },
    });
    expect(warnings).toEqual([
      `${join(folder, 'config')} is not read: there is no ssh program here to ask what it means`,
    ]);
  });
});
