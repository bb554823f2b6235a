import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  hostKeyAlgorithmsFor,
  knownHostsLine,
  parseKnownHosts,
  verdictOn,
} from '../../../src/adapters/ssh/known-hosts.ts';

function aKey(type: string, content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(content)]);
}

const key = aKey('ssh-ed25519', 'one');
const other = aKey('ssh-ed25519', 'two');
const rsa = aKey('ssh-rsa', 'three');
const text = (blob: Buffer) => `${blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))} ${blob.toString('base64')}`;
const hashed = (name: string) => {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('verdictOn()', () => {
  // prettier-ignore
  it.each([
    { why: 'a name',                        line: `fe1 ${text(key)}`,                         verdict: 'known' },
    { why: 'a name in other letters',       line: `FE1 ${text(key)}`,                         verdict: 'known' },
    { why: 'a comment after the key',       line: `fe1 ${text(key)} root@fe1`,                verdict: 'known' },
    { why: 'tabs and blanks',               line: `  fe1\t${text(key)}  `,                    verdict: 'known' },
    { why: 'one of several names',          line: `db1,fe1,10.0.0.1 ${text(key)}`,            verdict: 'known' },
    { why: 'a hashed name',                 line: `${hashed('fe1')} ${text(key)}`,            verdict: 'known' },
    { why: 'another hashed name',           line: `${hashed('fe2')} ${text(key)}`,            verdict: 'unknown' },
    { why: 'a glob',                        line: `fe? ${text(key)}`,                         verdict: 'known' },
    { why: 'a glob that excludes it',       line: `fe*,!fe1 ${text(key)}`,                    verdict: 'unknown' },
    { why: 'a glob that excludes another',  line: `!fe2,fe* ${text(key)}`,                    verdict: 'known' },
    { why: 'a dot that is no wildcard',     line: `f.1 ${text(key)}`,                         verdict: 'unknown' },
    { why: 'another port',                  line: `[fe1]:2222 ${text(key)}`,                  verdict: 'unknown' },
    { why: 'a comment line',                line: `# fe1 ${text(key)}`,                       verdict: 'unknown' },
    { why: 'a line that is cut off',        line: 'fe1 ssh-ed25519',                          verdict: 'unknown' },
    { why: 'another key',                   line: `fe1 ${text(other)}`,                       verdict: 'changed' },
    { why: 'only a key of another type',    line: `fe1 ${text(rsa)}`,                         verdict: 'changed' },
    { why: 'two keys, one of them this',    line: `fe1 ${text(other)}\nfe1 ${text(key)}`,     verdict: 'known' },
    { why: 'revoked everywhere',            line: `fe1 ${text(key)}\n@revoked * ${text(key)}`, verdict: 'revoked' },
    { why: 'another key revoked',           line: `fe1 ${text(key)}\n@revoked * ${text(other)}`, verdict: 'known' },
    { why: 'an authority',                  line: `@cert-authority * ${text(key)}`,           verdict: 'unknown' },
    { why: 'a marker nobody knows',         line: `@other * ${text(key)}`,                    verdict: 'unknown' },
  ])('$why: $verdict', ({ line, verdict }) => {
    const known = parseKnownHosts('known_hosts', line);

    expect(verdictOn(known, { address: 'fe1', port: 22 }, key).kind).toBe(verdict);
  });

  it.each([
    ['[fe1]:2222', 'known'],
    ['[fe*]:2222', 'known'],
    ['fe1', 'known'],
    ['[fe1]:2223', 'unknown'],
    [hashed('[fe1]:2222'), 'known'],
  ])('on port 2222 %s is %s', (name, verdict) => {
    const known = parseKnownHosts('known_hosts', `${name} ${text(key)}`);

    expect(verdictOn(known, { address: 'fe1', port: 2222 }, key).kind).toBe(verdict);
  });

  it('names the line of the key that was expected, one of the same type if there is one', () => {
    const known = parseKnownHosts('kh', `# mine\nfe1 ${text(rsa)}\n\nfe1 ${text(other)}`);

    expect(verdictOn(known, { address: 'fe1', port: 22 }, key)).toMatchObject({
      kind: 'changed',
      entry: { file: 'kh', line: 4 },
    });
  });

  it('knows what knownHostsLine() wrote', () => {
    for (const endpoint of [
      { address: 'fe1', port: 22 },
      { address: '2001:db8::1', port: 22 },
      { address: '2001:db8::1', port: 2222 },
    ]) {
      expect(verdictOn(parseKnownHosts('kh', knownHostsLine(endpoint, key)), endpoint, key).kind).toBe('known');
    }
  });
});

describe('hostKeyAlgorithmsFor()', () => {
  it('asks for the types it knows first', () => {
    const known = parseKnownHosts('kh', `fe1 ${text(rsa)}\n@revoked fe1 ${text(key)}\nfe2 ${text(key)}`);

    expect(hostKeyAlgorithmsFor(known, { address: 'fe1', port: 22 }).slice(0, 4)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
      'ssh-ed25519',
    ]);
  });
});

describe('fingerprintOf()', () => {
  it('is that of ssh-keygen -l', () => {
    const real = 'AAAAC3NzaC1lZDI1NTE5AAAAIDDzfhttx43yub1oaTW6PkGYoJvUSQ//pQhnCgqrxmlX';

    expect(fingerprintOf(Buffer.from(real, 'base64'))).toBe('SHA256:ywlxbxLxW9kNgotL37kxwgoQYLHfXM0uRhSBMyu0+e4');
  });
});
