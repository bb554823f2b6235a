import { describe, expect, it } from 'vitest';
import { type ConnectionOverrides, connectionOf, type SshAddress } from '../../../src/config/inventory/connection.ts';
import type { Vars } from '../../../src/config/inventory/inventory.ts';

const here = { home: '/home/op', user: 'op', folder: '/srv/deploy', env: {} };

function addressOf(vars: Vars, overrides: ConnectionOverrides = {}, env: Record<string, string> = {}): SshAddress {
  return connectionOf({ name: 'fe1', vars, groups: [] }, overrides, { ...here, env });
}

describe('connectionOf()', () => {
  it('needs no variables', () => {
    expect(addressOf({})).toEqual({
      host: 'fe1',
      address: 'fe1',
      port: 22,
      user: 'op',
      privateKeyFiles: ['/home/op/.ssh/id_ed25519', '/home/op/.ssh/id_ecdsa', '/home/op/.ssh/id_rsa'],
      knownHostsFiles: ['/home/op/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
      hostKeyChecking: 'yes',
      connectTimeoutMs: 10_000,
    });
  });

  // prettier-ignore
  it.each<{ why: string; vars: Vars; overrides?: ConnectionOverrides; env?: Record<string, string>; address: Partial<SshAddress> }>([
    { why: 'an address',                    vars: { ansible_host: '192.0.2.1' },                      address: { host: 'fe1', address: '192.0.2.1' } },
    { why: 'the old names',                 vars: { ansible_ssh_host: 'h', ansible_ssh_port: 2, ansible_ssh_user: 'u' }, address: { address: 'h', port: 2, user: 'u' } },
    { why: 'new names before old ones',     vars: { ansible_port: 1, ansible_ssh_port: 2 },           address: { port: 1 } },
    { why: 'a port as text',                vars: { ansible_port: '2222' },                           address: { port: 2222 } },
    { why: 'a user that is a number',       vars: { ansible_user: 1000 },                             address: { user: '1000' } },
    { why: 'an empty variable as none',     vars: { ansible_user: '', ansible_host: null },           address: { user: 'op', address: 'fe1' } },
    { why: 'a key in the home folder',      vars: { ansible_ssh_private_key_file: '~/k' },            address: { privateKeyFiles: ['/home/op/k'] } },
    { why: 'a key relative to here',        vars: { ansible_ssh_private_key_file: 'keys/k' },         address: { privateKeyFiles: ['/srv/deploy/keys/k'] } },
    { why: 'the command line first',        vars: { ansible_user: 'u', ansible_ssh_private_key_file: 'k', ansible_timeout: 3 }, overrides: { user: 'v', privateKeyFile: '/l', timeoutMs: 1 }, address: { user: 'v', privateKeyFiles: ['/l'], connectTimeoutMs: 1 } },
    { why: 'a timeout in seconds',          vars: { ansible_timeout: 3 },                             address: { connectTimeoutMs: 3000 } },
    { why: 'options',                       vars: { ansible_ssh_common_args: '-o UserKnownHostsFile=~/kh -oStrictHostKeyChecking=accept-new -o ConnectTimeout=5 -o User=u -o Port=23 -o IdentityFile=k' },
      address: { knownHostsFiles: ['/home/op/kh'], hostKeyChecking: 'accept-new', connectTimeoutMs: 5000, user: 'u', port: 23, privateKeyFiles: ['/srv/deploy/k'] } },
    { why: 'several known hosts files',     vars: { ansible_ssh_common_args: '-o "UserKnownHostsFile /a /b"' }, address: { knownHostsFiles: ['/a', '/b'] } },
    { why: 'several identity files',        vars: { ansible_ssh_common_args: '-o IdentityFile=/a', ansible_ssh_extra_args: '-o identityfile=/b' }, address: { privateKeyFiles: ['/a', '/b'] } },
    { why: 'the first of two options',      vars: { ansible_ssh_common_args: '-o Port=1 -o Port=2', ansible_ssh_extra_args: '-o Port=3' }, address: { port: 1 } },
    { why: 'variables before options',      vars: { ansible_port: 5, ansible_ssh_common_args: '-o Port=1' }, address: { port: 5 } },
    { why: 'no host key checking',          vars: { ansible_host_key_checking: false },               address: { hostKeyChecking: 'no' } },
    { why: 'that in the environment',       vars: {}, env: { ANSIBLE_HOST_KEY_CHECKING: 'False' },    address: { hostKeyChecking: 'no' } },
    { why: 'the variable before that',      vars: { ansible_host_key_checking: true }, env: { ANSIBLE_HOST_KEY_CHECKING: 'False' }, address: { hostKeyChecking: 'yes' } },
  ])('takes $why', ({ vars, overrides, env, address }) => {
    expect(addressOf(vars, overrides, env)).toMatchObject(address);
  });

  // prettier-ignore
  it.each<{ vars: Vars; message: string }>([
    { vars: { ansible_port: 0 },                                   message: 'its port should be a number from 1 to 65535, is "0"' },
    { vars: { ansible_port: 65_536 },                              message: 'its port should be a number from 1 to 65535, is "65536"' },
    { vars: { ansible_port: 'ssh' },                               message: 'its port should be a number from 1 to 65535, is "ssh"' },
    { vars: { ansible_host: '{{ ip }}' },                          message: 'ansible_host: the variable ip is not defined' },
    { vars: { ansible_user: ['a'] },                               message: 'ansible_user should be text or a number' },
    { vars: { ansible_timeout: 'soon' },                           message: 'its connect timeout should be a number of seconds, is "soon"' },
    { vars: { ansible_connection: 'local' },                       message: 'ansible_connection=local is not supported yet' },
    { vars: { ansible_ssh_common_args: '-o ProxyJump=bastion' },   message: 'the option ProxyJump is not supported yet in ansible_ssh_common_args' },
    { vars: { ansible_ssh_extra_args: '-J bastion' },              message: 'the argument "-J" is not supported yet in ansible_ssh_extra_args' },
    { vars: { ansible_ssh_common_args: '-o' },                     message: 'there is a -o without its "Option=value" in ansible_ssh_common_args' },
    { vars: { ansible_ssh_common_args: '-o "Port=1' },             message: 'a quote is opened and never closed in ansible_ssh_common_args' },
    { vars: { ansible_ssh_common_args: '-o StrictHostKeyChecking=maybe' }, message: 'StrictHostKeyChecking should be yes, accept-new or no, is "maybe" in ansible_ssh_common_args' },
  ])('refuses $vars', ({ vars, message }) => {
    expect(() => addressOf(vars)).toThrow(
      expect.objectContaining({ code: 'config', message: `Cannot connect to fe1: ${message}` }),
    );
  });
});
