import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RelaySocket, type RelayChannel } from '../../src/adapters/relay-socket.ts';
import { Absent } from '../../src/errors.ts';

/** What becomes of a socket whose relay says this on its standard error, and ends. */
async function failureAfter(said: string): Promise<unknown> {
  const stderr = new PassThrough();
  const channel = Object.assign(new PassThrough(), { stderr }) as RelayChannel;
  const relay = { line: 'socat', told: 'socat', end: 'kept' } as const;
  const socket = new RelaySocket(channel, { relay, what: 'open /run/a.sock on fe1', onProven: () => undefined });
  const failed = once(socket, 'error');
  stderr.emit('data', Buffer.from(said));
  channel.emit('exit', 1);
  channel.destroy();
  const [failure] = (await failed) as [unknown];
  return failure;
}

describe('a relay that does not reach its socket', () => {
  // As socat, nc, Perl and docker say it.
  it.each([
    ['socat[71] E connect(5, AF=1 "/run/a.sock", 13): Connection refused\n', true],
    ['socat[71] E connect(5, AF=1 "/run/a.sock", 13): No such file or directory\n', true],
    ['nc: unix connect failed: Connection refused\n', true],
    ['Connection refused\n', true],
    ['dial unix /run/a.sock: connect: connection refused\n', true],
    ['socat[71] E connect(5, AF=1 "/run/a.sock", 13): Permission denied\n', false],
    ['sudo: a password is required\n', false],
    ['sh: 1: exec: socat: not found\n', false],
  ])('proves that nobody is behind it only where connect(2) says so: %s', async (said, isProof) => {
    const failure = await failureAfter(said);

    expect(failure).toMatchObject({ code: 'refused' });
    expect(failure instanceof Absent).toBe(isProof);
  });
});
