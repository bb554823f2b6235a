/** A host's programs that carry a socket, with the habits of the real ones when one of the two sides ends. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerChannel } from 'ssh2';

const connect = (path: string): string => `#!${process.execPath}
const socket = require('node:net').connect({ path: ${path}, allowHalfOpen: true });
socket.on('error', (error) => { console.error(error.message); process.exit(1); });
socket.on('data', (chunk) => process.stdout.write(chunk));
process.stdin.on('data', (chunk) => socket.write(chunk));
const done = () => process.stdout.write('', () => process.exit(0));
`;

const programs: Readonly<Record<string, string>> = {
  // Passes the end of its input on, and ends with the socket.
  docker: `${connect(`process.argv[3].slice('unix://'.length)`)}
process.stdin.on('end', () => socket.end()); socket.on('end', done);`,
  // Ends with whichever side ends first.
  socat: `${connect(`process.argv[4].slice('UNIX-CONNECT:'.length)`)}
process.stdin.on('end', done); socket.on('end', done);`,
  // Passes the end of its input on, and ends when both have ended.
  nc: `${connect('process.argv.at(-1)')}
let ends = 0; const ended = () => { if (++ends === 2) done(); };
process.stdin.on('end', () => { socket.end(); ended(); }); socket.on('end', ended);`,
  sudo: '#!/bin/sh\n[ ! -e "$0.no" ] || { echo "sudo: a password is required" >&2; exit 1; }\nshift 2\nBECOME=root exec "$@"\n',
};

export interface RelayHost {
  /** What `sh` has run. */
  readonly lines: string[];
  /** Runs a command line as the host's login shell would. */
  readonly command: (line: string, channel: ServerChannel) => void;
}

/** Those of `there`, and always sudo, in `folder`. */
export async function relayHost(folder: string, there: readonly string[]): Promise<RelayHost> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['sudo', ...there.filter((it) => it in programs)]) {
    await writeFile(join(bin, name), programs[name] ?? '');
    await chmod(join(bin, name), 0o755);
  }
  const lines: string[] = [];
  const command = (line: string, channel: ServerChannel): void => {
    lines.push(line);
    // What this machine has besides must not be found.
    if (line.includes('command -v')) {
      channel.write(there.join('\n'));
      channel.exit(0);
      channel.end();
      return;
    }
    const child = spawn('sh', ['-c', line], { env: { PATH: `${bin}:/usr/bin:/bin` } });
    child.stdin.on('error', () => undefined);
    channel.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code) => {
      channel.exit(code ?? 137);
      channel.end();
    });
    channel.on('close', () => child.kill());
  };
  return { lines, command };
}
