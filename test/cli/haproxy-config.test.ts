import { rm } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build, commandLine, folderWith } from '../support/command-line.ts';
import type { Ended } from '../support/sluice.ts';

const PLAYBOOK = `- hosts: fe
  balancer: { backend: shop, config: { template: h.cfg.j2, path: /h.cfg } }
  apps:
  - name: shop
    container: { image: x, ports: ['127.0.0.1:8080:80'] }
`;

let cwd: string;

beforeAll(build, 120_000);

beforeEach(() => {
  const template = 'backend shop\n    # {{ note }}\n    server s {{ balancer.instances[0].address }}:8080\n';
  cwd = folderWith({ 'hosts.ini': '[fe]\nfe1\nfe2\n', 'play.yml': PLAYBOOK, 'h.cfg.j2': template });
});

afterEach(async () => {
  await rm(cwd, { recursive: true });
});

async function haproxy(...args: readonly string[]): Promise<Ended> {
  return commandLine(['haproxy', ...args, '-i', 'hosts.ini'], { cwd });
}

describe('sluice haproxy', () => {
  it('renders the configuration of each HAProxy, and reaches no host for that', async () => {
    const { status, stdout } = await haproxy('render', 'play.yml', '-e', 'note=hello');

    const one = (host: string): string =>
      `# ${host} /h.cfg\nbackend shop\n    # hello\n    server s 127.0.0.1:8080\n\n`;
    expect(stdout).toBe(one('fe1') + one('fe2'));
    expect(status).toBe(0);
  });

  it('renders for a program, a line for each', async () => {
    const { stdout } = await haproxy('render', 'play.yml', '-e', 'note=x', '--limit', 'fe2', '--json');

    const text = 'backend shop\n    # x\n    server s 127.0.0.1:8080\n';
    expect(JSON.parse(stdout)).toEqual({ schema: 1, type: 'haproxy-config', host: 'fe2', path: '/h.cfg', text });
  });

  it.each([
    { args: ['render', 'play.yml'], says: 'h.cfg.j2:2: the variable note is not defined' },
    { args: ['render', 'none.yml'], says: 'Cannot read none.yml: there is no such file' },
    { args: ['push', 'play.yml', '-e', 'note=x'], says: 'Cannot ask "Push?" without a terminal: say --yes' },
    { args: ['render', 'play.yml', '--serial', '2'], says: '--serial goes with push only' },
    { args: ['push', 'play.yml', '--detailed-exitcode'], says: '--detailed-exitcode goes with diff only' },
    { args: ['push', 'play.yml', '-e', 'note=x', '--serial', 'two', '--yes'], says: 'Cannot use --serial two' },
    { args: [], says: 'haproxy needs an action, and a playbook or hosts' },
  ])('is refused with 5: $says', async ({ args, says }) => {
    const { status, stderr } = await haproxy(...args);

    expect(stderr).toContain(says);
    expect(status).toBe(5);
  });
});
