/** The whole command line over bad files: status 5, each complaint with its place, and no host is asked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { StopSwitch } from '../../src/cli/stop.ts';
import { exitStatusOf, Failure } from '../../src/errors.ts';

type Files = Readonly<Record<string, string | Buffer>>;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const app = "    - name: shop\n      container: { image: 'shop:1' }\n      ready: { http: 'http://127.0.0.1/' }\n";
const site = (over = '', apps = app): string => `- hosts: all\n  balancer: { backend: b }\n${over}  apps:\n${apps}`;
const good: Files = { 'hosts.ini': 'fe1 ansible_host=127.0.0.1 ansible_port=1\n', 'site.yml': site() };
const ofCompose = site('', '    - { name: web, compose: compose.yml, service: web }\n');
const named = (backend: string): string => site().replace('backend: b', `backend: ${JSON.stringify(backend)}`);

/** Forty lines, in which # is the number of the line before. */
function doubling(name: string, value: string): string {
  const lines = Array.from(
    { length: 40 },
    (_, index) => `${name}${index + 1}${value.replaceAll('#', String(index))}\n`,
  );
  return lines.join('');
}

/** What is said, with paths as in the folder. */
async function said(files: Files, more: readonly string[] = []): Promise<string[]> {
  for (const [name, content] of Object.entries({ ...good, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  let printed = '';
  const stream = { write: (text: string) => (printed += text) } as unknown as NodeJS.WriteStream;
  const around = { stdin: process.stdin, stdout: stream, stderr: stream, version: '1', stop: new StopSwitch() };
  const inventory = 'hosts.yml' in files ? 'hosts.yml' : 'hosts.ini';
  const args = [
    'plan',
    join(folder, 'site.yml'),
    '-i',
    join(folder, inventory),
    '--ssh-config',
    join(folder, 'ssh'),
    ...more,
  ];
  const environment = { PATH: process.env['PATH'], HOME: folder };
  const error = await run(
    args.map((arg) => arg.replace('@folder', folder)),
    { ...around, environment },
  ).catch((why: unknown) => why);
  expect(error).toBeInstanceOf(Failure);
  expect(exitStatusOf(error)).toBe(5);
  expect(printed).toBe('');
  return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
}

describe('sluice plan refuses', () => {
  // prettier-ignore
  it.each<{ why: string; files: Files; more?: readonly string[]; says: RegExp }>([
    { why: 'a playbook that is no YAML',     files: { 'site.yml': '- hosts: [fe\n' },                       says: /^site\.yml:\d+:\d+: / },
    { why: 'a playbook of another type',     files: { 'site.yml': 'hosts: fe\n' },                          says: /^site\.yml:1:1: should be a list of at least one/ },
    { why: 'an unknown key',                 files: { 'site.yml': site('  serail: 1\n') },                  says: /^site\.yml:3:3: serail: is no known key \(did you mean "serial"\?\)$/ },
    { why: 'a key that comes twice',         files: { 'site.yml': site('  serial: 1\n  serial: 2\n') },     says: /^site\.yml:4:3: "serial" is written twice$/ },
    { why: 'a playbook of junk',             files: { 'site.yml': Buffer.from([1, 0, 255]) },               says: /^site\.yml:1:1: is not a text file/ },
    { why: 'a playbook of 11 MB',            files: { 'site.yml': Buffer.alloc(11 * 2 ** 20, '- a\n') },    says: /^site\.yml:1:1: has 11534336 bytes, more than 1 MB$/ },
    { why: 'an inventory of 11 MB',          files: { 'hosts.ini': Buffer.alloc(11 * 2 ** 20, 'fe1\n') },   says: /^hosts\.ini:1:1: has 11534336 bytes, more than 10 MB$/ },
    { why: 'a name without an end',          files: { 'hosts.ini': 'x'.repeat(300_000) },                   says: /^hosts\.ini:1:1: "x{300}…" is no name for a host$/ },
    { why: 'variables that double one another', files: { 'site.yml': site(`  vars:\n    v0: xxxxxxxxxx\n${doubling('    v', ': "{{ v# }}{{ v# }}"')}`).replace('shop:1', '{{ v40 }}') }, says: /^site\.yml:\d+:\d+: container\.image: .* it becomes a text of more than 10 MB \(in the variable v21, site\.yml:25\), on fe1$/ },
    { why: 'the same in an env_file',        files: { 'site.yml': site().replace("'shop:1'", "'shop:1', env_file: a.env"), 'a.env': `A0=xxxxxxxxxx\n${doubling('A', '=$A#$A#')}` }, says: /^site\.yml:5:\d+: container\.env_file: a\.env:18: A17: it becomes a text of more than 1 MB/ },
    { why: 'the same in .env',               files: { 'site.yml': ofCompose, 'compose.yml': 'services:\n  web: { image: $A40 }\n', '.env': `A0=xxxxxxxxxx\n${doubling('A', '=$A#$A#')}` }, says: /^compose\.yml:\d+:\d+: .*\.env:18: it becomes a text of more than 1 MB|^\.env:18:/ },
    { why: 'the same by aliases',            files: { 'group_vars/all.yml': `big: &big [${'x, '.repeat(500)}x]\nmany: [${'*big, '.repeat(700)}*big]\n` }, says: /^group_vars\/all\.yml:1:1: refers to its anchors too often: they add more than 300000 values/ },
    { why: 'a mistake after many lines',     files: { 'site.yml': site().replace("'shop:1'", "'shop:1', env_file: a.env"), 'a.env': `${'A=b\n'.repeat(100_000)}A="x\n` }, says: /^site\.yml:5:\d+: container\.env_file: a\.env:100001: a quotation mark is not closed/ },
    { why: 'nesting without an end',         files: { 'site.yml': `- a: ${'['.repeat(9_000)}` },            says: /^site\.yml:1:1: is nested too deeply$/ },
    { why: 'a command in a backend',         files: { 'site.yml': named('x; shutdown frontend fe') },       says: /^site\.yml:2:\d+: balancer\.backend: should be a name of letters/ },
    { why: 'a line in a backend',            files: { 'site.yml': named('x\nshutdown frontend fe') },       says: /^site\.yml:2:\d+: balancer\.backend: should be a name of letters/ },
    { why: 'a command in a server',          files: { 'site.yml': site('', `${app}      server: 'a b; show info'\n`) }, says: /^site\.yml:\d+:\d+: server: should be a name of letters/ },
    { why: 'quotes in a container',          files: { 'site.yml': site().replace('name: shop', `name: "sh'o$(id)p"`) }, says: /^site\.yml:4:\d+: name: should be a container name/ },
    { why: 'a command that a variable brings', files: { 'site.yml': named('{{ b }}') }, more: ['-e', '{"b":"x; y"}'], says: /^site\.yml:2:\d+: balancer\.backend: .*is "x; y", on fe1$/ },
    { why: 'a line in a socket',             files: { 'site.yml': site().replace('backend: b', 'backend: b, socket: "/a\\nb"') }, says: /^site\.yml:2:\d+: balancer\.socket: should be an absolute path/ },
    { why: 'more instances than there may be', files: { 'site.yml': site('', `${app}      instances: 99999999\n`) }, says: /^site\.yml:\d+:\d+: instances: should be a number of instances from 0 to 1000/ },
    { why: 'a range without an end',         files: { 'hosts.ini': 'h[1:999999999]\n' },                    says: /^hosts\.ini:1:1: .* more than 100000 hosts$/ },
    { why: 'groups in a circle',             files: { 'hosts.ini': 'fe1\n[a:children]\nb\n[b:children]\na\n' }, says: /^hosts\.ini:\d+:\d+: .*(loop|circle|itself|within)/ },
    { why: 'groups in a circle in YAML',     files: { 'hosts.yml': 'all:\n  children:\n    a: { children: { b: { children: { a: } } } }\n' }, says: /^hosts\.yml:\d+:\d+: / },
    { why: 'a host that is a command',       files: { 'hosts.ini': '$(id)\n' },                             says: /^hosts\.ini:1:1: "\$\(id\)" is no name for a host$/ },
    { why: 'variables of a group',           files: { 'group_vars/all.yml': 'a: [1\n' },                    says: /^group_vars\/all\.yml:\d+:\d+: / },
    { why: 'variables of a host as a list',  files: { 'host_vars/fe1.yml': '- a\n' },                       says: /^host_vars\/fe1\.yml:1:1: / },
    { why: 'a vault without its password',   files: { 'group_vars/all.yml': '$ANSIBLE_VAULT;1.1;AES256\n6162\n' }, says: /^group_vars\/all\.yml:1:1: is encrypted with Ansible Vault, but/ },
    { why: 'extra variables',                files: { 'vars.yml': 'a: [1\n' }, more: ['-e', '@@folder/vars.yml'], says: /^vars\.yml:\d+:\d+: / },
    { why: 'a compose file',                 files: { 'site.yml': ofCompose, 'compose.yml': 'services:\n  web: { image: a, usr: x }\n' }, says: /^compose\.yml:2:\d+: services\.web\.usr: is no known key \(did you mean "user"\?\)/ },
    { why: 'services in a circle',           files: { 'site.yml': ofCompose, 'compose.yml': 'services:\n  web: { extends: a }\n  a: { extends: web }\n' }, says: /^compose\.yml:\d+:\d+: .*extends/ },
    { why: 'an env_file',                    files: { 'site.yml': site().replace("'shop:1'", "'shop:1', env_file: a.env"), 'a.env': 'A="x\n' }, says: /^site\.yml:5:\d+: container\.env_file: a\.env/ },
    { why: 'a healthcheck after the time to be ready', files: { 'site.yml': ofCompose, 'compose.yml': 'services:\n  web: { image: a, healthcheck: { test: x, interval: 2m } }\n' }, says: /^site\.yml:4:\d+: ready\.within: 1m is over before its healthcheck is made for the first time, after 2m, on fe1$/ },
    { why: 'a watch without a second look',  files: { 'site.yml': site('  monitor: { for: 5s, every: 10s }\n') }, says: /^site\.yml:\d+:\d+: monitor\.every: 10s is longer than it is watched, 5s, on fe1$/ },
    { why: 'an address that is a command',   files: { 'hosts.ini': 'fe1 ansible_host="-oProxyCommand=id"\n' }, says: /^Cannot connect to fe1: .*ansible_host is no address, hosts\.ini:1$/ },
    { why: 'a port of a group, once',        files: { 'hosts.ini': '[fe]\nfe1\nfe2\nfe3\n[fe:vars]\nansible_port=ssh\n' }, says: /^Cannot connect to fe1 and 2 more: its port should be .* is "ssh", hosts\.ini:6$/ },
    { why: 'what a host says in YAML',       files: { 'hosts.yml': 'all:\n  hosts:\n    fe1:\n      ansible_timeout: soon\n' }, says: /^Cannot connect to fe1: .* is "soon", hosts\.yml:4$/ },
    { why: 'how hosts are reached, in a folder', files: { 'group_vars/all/a.yml': 'b: 1\n', 'group_vars/all/ssh.yml': '---\nansible_user: a; b\n' }, says: /^Cannot connect to fe1: .* is "a; b", group_vars\/all\/ssh\.yml:2$/ },
    { why: 'how one host is reached',        files: { 'host_vars/fe1.yml': '\nansible_user: "{{ nobody }}"\n' }, says: /^Cannot connect to fe1: ansible_user: the variable nobody is not defined, host_vars\/fe1\.yml:2$/ },
    { why: 'arguments for ssh',              files: { 'host_vars/fe1.yml': 'ansible_ssh_common_args: -L 1:a:2\n' }, says: /^Cannot connect to fe1: the argument "-L" is not supported .*, host_vars\/fe1\.yml:1$/ },
    { why: 'a way to become root',           files: { 'host_vars/fe1.yml': 'ansible_become: true\nansible_sudo_user: ann\n' }, says: /^Cannot connect to fe1: ansible_sudo_user=ann is not supported: only root is, host_vars\/fe1\.yml:2$/ },
    { why: 'a variable in a variable of a file', files: { 'site.yml': site().replace('shop:1', 'shop:{{ v }}'), 'v.yml': 'a: 1\nv: "{{ gone }}"\n' }, more: ['-e', '@@folder/v.yml'], says: /^site\.yml:5:\d+: container\.image: the variable gone is not defined \(in the variable v, v\.yml:2: .*\), on fe1$/ },
    { why: 'a variable in a variable of the command line', files: { 'site.yml': site().replace('shop:1', 'shop:{{ v }}') }, more: ['-e', '{"v":"{{ gone }}"}'], says: /^site\.yml:5:\d+: container\.image: the variable gone is not defined \(in the variable v, --extra-vars: .*\), on fe1$/ },
    { why: 'a variable in a variable of a play', files: { 'site.yml': site('  vars:\n    v: "{{ gone }}"\n').replace('shop:1', 'shop:{{ v }}') }, says: /^site\.yml:7:\d+: container\.image: the variable gone is not defined \(in the variable v, site\.yml:4: .*\), on fe1$/ },
    { why: 'jump hosts in a circle',         files: { ssh: 'Host 127.0.0.1\n  ProxyJump jump\nHost jump\n  ProxyJump 127.0.0.1\n' }, says: /^Cannot connect to fe1: .*(circle|loop|itself|jump)/ },
    { why: 'an SSH configuration',           files: { ssh: 'Hots fe1\n' },                                  says: /ssh:? line 1|ssh:1/ },
    { why: 'an image archive',               files: { 'a.tar': 'no tar' }, more: ['--load', '@folder/a.tar'], says: /^Cannot load a\.tar: it is no tar archive$/ },
  ])('$why', async ({ files, more = [], says }) => {
    const lines = await said({ ssh: '', ...files }, more);

    expect(lines[0]).toMatch(says);
    expect(lines).toHaveLength(1);
  });

  // prettier-ignore
  it.each<{ what: string; files: Files; first: string; more: number }>([
    { what: 'lines of an inventory', files: { 'hosts.ini': '$(id)\n'.repeat(150_000) },                                      first: 'hosts.ini:1:1: "$(id)" is no name for a host', more: 149_900 },
    { what: 'keys that come twice',  files: { 'group_vars/all.yml': `all:\n${'  a: b\n'.repeat(3_001)}` },                   first: 'group_vars/all.yml:3:3: "a" is written twice', more: 2_900 },
    { what: 'plays',                 files: { 'site.yml': '- a\n'.repeat(3_000) },                                            first: 'site.yml:1:3: should be a mapping, is "a"', more: 2_900 },
  ])('the first hundred of many $what, and counts the others', async ({ files, first, more }) => {
    const lines = await said({ ssh: '', ...files });

    expect(lines[0]).toBe(first);
    expect(lines.slice(100)).toEqual([
      expect.stringMatching(new RegExp(`^[\\w/.]+:\\d+:\\d+: and ${more} more mistakes from here on$`)),
    ]);
  });

  it('everything at once, also what shows only once templates are filled in, elsewhere than where the keys are wrong', async () => {
    const broken = '    - name: first\n      container: { image: [1] }\n';
    const later = app.replace('shop:1', 'shop:{{ nosuch }}').replace('name: shop', 'name: later');
    const second = site('', app.replace('http://127.0.0.1/', '{{ nowhere }}'));

    const lines = await said({ 'site.yml': site('  serail: 1\n', broken + later) + second, ssh: '' });

    expect(lines).toEqual([
      expect.stringMatching(/^site\.yml:3:3: serail: is no known key/),
      expect.stringMatching(/^site\.yml:6:\d+: container\.image: should be/),
      expect.stringMatching(/^site\.yml:8:\d+: container\.image: .*nosuch/),
      expect.stringMatching(/^site\.yml:15:\d+: ready\.http: .*nowhere/),
    ]);
  });
});

it('sluice plan tells what is wrong with the inventory and with the playbook at once', async () => {
  const files = { 'hosts.ini': 'fe1 ansible_port=many\n[fe:childen]\n', 'site.yml': site('  serail: 1\n') };

  const lines = await said(files);

  expect(lines.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual(['hosts.ini:2', 'site.yml:3']);
});
