import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseKnownHosts, verdictOn } from '../../../src/adapters/ssh/known-hosts.ts';
import { folderWith } from '../../support/command-line.ts';

/** An Ed25519 key as the protocol has it (RFC 8709). */
function aKey(): Buffer {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const text = (of: Buffer): Buffer[] => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(of.length);
    return [length, of];
  };
  return Buffer.concat([...text(Buffer.from('ssh-ed25519')), ...text(raw)]);
}

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const PATTERNS = [
  ...['fe1', 'FE1', 'fe?', 'fe*', '*', 'f.1', 'fe1.example.com', '*.example.com', 'fe1,10.0.0.1', 'db1,fe1'],
  ...['fe*,!fe1', '!fe2,fe*', '!fe1', '[fe1]:22', '[fe1]:2222', '[fe*]:2222', '[fe1]:*', '*:2222', '10.0.0.*'],
  ...[
    hashed('fe1'),
    hashed('FE1'),
    hashed('[fe1]:2222'),
    hashed('10.0.0.1'),
    '2001:db8::1',
    '[2001:db8::1]:2222',
    '#fe1',
  ],
];
const HOSTS = [
  ...[
    { address: 'fe1', port: 22 },
    { address: 'fe1', port: 2222 },
    { address: 'fe2', port: 22 },
  ],
  ...[
    { address: 'fe1.example.com', port: 22 },
    { address: '10.0.0.1', port: 22 },
    { address: '2001:db8::1', port: 22 },
  ],
  { address: '2001:db8::1', port: 2222 },
];

const hasOpenssh = spawnSync('ssh-keygen', ['-?']).error === undefined;

describe.skipIf(!hasOpenssh)('a line of known_hosts is about the hosts that OpenSSH takes it for', () => {
  const key = aKey();

  it.each(PATTERNS)('%s', (pattern) => {
    const line = `${pattern} ssh-ed25519 ${key.toString('base64')}\n`;
    const file = join(folderWith({ known_hosts: line }), 'known_hosts');
    const known = parseKnownHosts(file, line);

    const ours = HOSTS.map((host) => [host, verdictOn(known, host, key).kind !== 'unknown'] as const);
    const finds = (name: string): boolean => spawnSync('ssh-keygen', ['-F', name, '-f', file]).status === 0;
    // ssh asks without the port, too, where that is not the usual one (check_host_key() in sshconnect.c).
    const theirs = HOSTS.map((host) => {
      const { address, port } = host;
      return [host, (port !== 22 && finds(`[${address}]:${port}`)) || finds(address)] as const;
    });

    expect(ours).toEqual(theirs);
  });
});
