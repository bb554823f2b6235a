import { describe, expect, it } from 'vitest';
import { type ConnectionOverrides, connectionOf } from '../../../src/config/inventory/connection.ts';
import type { Vars } from '../../../src/config/inventory/inventory.ts';
import type { SshRequest } from '../../../src/rollout/ssh-request.ts';

type Environment = Readonly<Record<string, string>>;

function requestFor(vars: Vars, overrides: ConnectionOverrides = {}, environment: Environment = {}): SshRequest {
  return connectionOf({ name: 'fe1', vars, groups: [] }, overrides, environment);
}

/** As `ssh` would be given them. */
function words({ options }: SshRequest): string {
  return options.map(({ keyword, value }) => `${keyword}=${value}`).join(' ');
}

describe('connectionOf()', () => {
  it('needs no variables', () => {
    expect(requestFor({})).toEqual({
      host: 'fe1',
      destination: 'fe1',
      options: [],
      transport: undefined,
      become: false,
      configFile: undefined,
    });
  });

  it('takes an address', () => {
    expect(requestFor({ ansible_host: '192.0.2.1' })).toMatchObject({ host: 'fe1', destination: '192.0.2.1' });
    expect(requestFor({ ansible_ssh_host: 'h' })).toMatchObject({ destination: 'h' });
  });

  it('takes another configuration, that of the command line first', () => {
    const vars = { ansible_ssh_common_args: '-F /etc/a', ansible_ssh_extra_args: '-F/etc/b' };

    expect(requestFor(vars).configFile).toBe('/etc/a');
    expect(requestFor(vars, { configFile: 'none' }).configFile).toBe('none');
  });

  it.each([
    [{ ansible_become: true }, true],
    [{ ansible_become: 'yes', ansible_become_method: 'sudo', ansible_become_user: 'root' }, true],
    [{ ansible_become: false, ansible_become_password: 'p' }, false],
    [{ ansible_become_method: 'su' }, false],
    [{ ansible_become: true, ansible_become_exe: 'sudo', ansible_become_flags: '-H -S -n' }, true],
    [{ ansible_become: true, ansible_become_method: 'ansible.builtin.sudo' }, true],
  ])('takes whether to become root: %j', (vars: Vars, become) => {
    expect(requestFor(vars).become).toBe(become);
  });

  it.each([
    [{}, {}, undefined],
    [{ sluice_transport: 'openssh' }, {}, 'openssh'],
    [{ sluice_transport: 'openssh' }, { transport: 'ssh2' }, 'ssh2'],
    [{ ansible_connection: 'ssh' }, {}, undefined],
  ] as const)('takes who connects: %j, and on the command line %j', (vars: Vars, overrides, transport) => {
    expect(requestFor(vars, overrides).transport).toBe(transport);
  });

  // prettier-ignore
  it.each<{ why: string; vars: Vars; overrides?: ConnectionOverrides; env?: Environment; says: string }>([
    { why: 'the old names',             vars: { ansible_ssh_port: 2, ansible_ssh_user: 'u' },      says: 'port=2 user=u' },
    { why: 'new names before old ones', vars: { ansible_port: 1, ansible_ssh_port: 2 },            says: 'port=1' },
    { why: 'a port as text',            vars: { ansible_port: '2222' },                            says: 'port=2222' },
    { why: 'a user that is a number',   vars: { ansible_user: 1000 },                              says: 'user=1000' },
    { why: 'an empty variable as none', vars: { ansible_user: '', ansible_port: null },            says: '' },
    { why: 'a key',                     vars: { ansible_ssh_private_key_file: '~/k' },             says: 'identityfile=~/k' },
    { why: 'a key with a blank',        vars: { ansible_private_key_file: '/a b/k' },              says: 'identityfile="/a b/k"' },
    { why: 'a timeout in seconds',      vars: { ansible_timeout: 3 },                              says: 'connecttimeout=3' },
    { why: 'the command line first',    vars: { ansible_user: 'u', ansible_ssh_private_key_file: 'k', ansible_timeout: 3 }, overrides: { user: 'v', privateKeyFile: '/l', timeoutMs: 1500 },
      says: 'user=v identityfile=/l connecttimeout=2 user=u connecttimeout=3' },
    { why: "Ansible's order",           vars: { ansible_port: 1, ansible_ssh_args: '-p 2', ansible_ssh_common_args: '-p 3', ansible_ssh_extra_args: '-p 4' },
      says: 'port=2 port=1 port=3 port=4' },
    { why: 'any option, for OpenSSH',   vars: { sluice_transport: 'openssh', ansible_ssh_args: '-o CertificateFile=~/c -oGSSAPIAuthentication=yes' }, says: 'certificatefile=~/c gssapiauthentication=yes' },
    { why: 'options',                   vars: { ansible_ssh_common_args: '-o UserKnownHostsFile=~/kh -oStrictHostKeyChecking=accept-new -o "Port 23"' },
      says: 'userknownhostsfile=~/kh stricthostkeychecking=accept-new port=23' },
    { why: 'letters',                   vars: { ansible_ssh_common_args: '-J u@a:1,b -i "~/a b" -l me -p7 -4' },
      says: 'proxyjump=u@a:1,b identityfile="~/a b" user=me port=7 addressfamily=inet' },
    { why: 'a proxy command',           vars: { ansible_ssh_common_args: '-o ProxyCommand="ssh -W %h:%p bastion"' }, says: 'proxycommand=ssh -W %h:%p bastion' },
    { why: 'what has no effect',        vars: { ansible_ssh_args: '-C -o ControlMaster=auto -o ControlPersist=60s -q -vvv -Tx' }, says: '' },
    { why: 'no host key checking',      vars: { ansible_host_key_checking: false },                says: 'stricthostkeychecking=no' },
    { why: 'that in the environment',   vars: {}, env: { ANSIBLE_HOST_KEY_CHECKING: 'False' },     says: 'stricthostkeychecking=no' },
    { why: 'the variable before that',  vars: { ansible_host_key_checking: true }, env: { ANSIBLE_HOST_KEY_CHECKING: 'False' }, says: '' },
  ])('takes $why', ({ vars, overrides, env, says }) => {
    expect(words(requestFor(vars, overrides, env))).toBe(says);
  });

  // prettier-ignore
  it.each<{ vars: Vars; message: string }>([
    { vars: { ansible_port: 0 },                                   message: 'its port should be a number from 1 to 65535, is "0"' },
    { vars: { ansible_port: 65_536 },                              message: 'its port should be a number from 1 to 65535, is "65536"' },
    { vars: { ansible_port: 'ssh' },                               message: 'its port should be a number from 1 to 65535, is "ssh"' },
    { vars: { ansible_host: '{{ ip }}' },                          message: 'ansible_host: the variable ip is not defined' },
    { vars: { ansible_host: '-oProxyCommand=x' },                  message: '"-oProxyCommand=x" in ansible_host is no address' },
    { vars: { ansible_user: ['a'] },                               message: 'ansible_user should be text or a number' },
    { vars: { ansible_user: 'a; b' },                              message: 'its user should be a name, is "a; b"' },
    { vars: { ansible_ssh_private_key_file: 'a"\nb' },             message: 'its key file should be a path without quotes and line breaks, is "a\\"\\nb"' },
    { vars: { ansible_timeout: 'soon' },                           message: 'its connect timeout should be a number of seconds, is "soon"' },
    { vars: { ansible_connection: 'local' },                       message: 'ansible_connection=local is not supported yet' },
    { vars: { sluice_transport: 'ssh' },                           message: 'sluice_transport should be ssh2 or openssh, is "ssh"' },
    { vars: { ansible_password: 'p' },                             message: 'ansible_password is set, but sluice logs in by keys and ssh-agent only: take it out' },
    { vars: { ansible_become: true, ansible_become_method: 'su' }, message: 'ansible_become_method=su is not supported: only sudo is' },
    { vars: { ansible_become: true, ansible_become_method: 'community.general.doas' }, message: 'ansible_become_method=community.general.doas is not supported: only sudo is' },
    { vars: { ansible_become: true, ansible_become_exe: '/opt/sudo' }, message: "ansible_become_exe=/opt/sudo is not supported: only the sudo in the user's PATH is" },
    { vars: { ansible_become: true, ansible_become_flags: '-H -E' }, message: 'ansible_become_flags has -E, which is not supported: sudo is given -n, no more' },
    { vars: { ansible_become: 'maybe' },                           message: 'ansible_become should be true or false, is "maybe"' },
    { vars: { ansible_become: 'yes', ansible_become_user: 'postgres' }, message: 'ansible_become_user=postgres is not supported: only root is' },
    { vars: { ansible_become: 'yes', ansible_become_pass: 'p' }, message: 'ansible_become_pass is set, but sluice gives sudo no password: let the user sudo without a password (NOPASSWD in sudoers), and take it out' },
    { vars: { ansible_ssh_pass: 'p' },                             message: 'ansible_ssh_pass is set, but sluice logs in by keys and ssh-agent only: take it out' },
    { vars: { ansible_ssh_common_args: '-o LocalForward=1:a:2' },  message: 'the option LocalForward is not supported but by --transport openssh in ansible_ssh_common_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_extra_args: '-L 1:a:2' },                message: 'the argument "-L" is not supported in ansible_ssh_extra_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_args: '-CX' },                           message: 'the argument "-CX" is not supported in ansible_ssh_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_args: 'fe2' },                           message: 'the argument "fe2" is not supported in ansible_ssh_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_common_args: '-o' },                     message: 'there is a -o without its value in ansible_ssh_common_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_common_args: '-o Port' },                message: 'there is a -o without its "Option=value" in ansible_ssh_common_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_common_args: '-o "Port=1' },             message: 'a quote is opened and never closed in ansible_ssh_common_args (docs/ssh.md tells what is heeded)' },
    { vars: { ansible_ssh_common_args: '-o "User=a\nProxyCommand x"' }, message: 'the value of User is more than one line in ansible_ssh_common_args (docs/ssh.md tells what is heeded)' },
  ])('refuses $vars', ({ vars, message }) => {
    expect(() => requestFor(vars)).toThrow(
      expect.objectContaining({ code: 'config', message: `Cannot connect to fe1: ${message}` }),
    );
  });
});
