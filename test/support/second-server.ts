/** A further SSH server on a host of the lab, with keys, users and mounts of its own, beside the one that the lab needs. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { inside, type Host } from '../../lab/host.ts';
import { until } from '../../lab/wait.ts';

export const SECOND_PORT = 2222;

export class Workshop {
  readonly host: Host;
  readonly folder: string;

  constructor(host: Host) {
    this.host = host;
    this.folder = mkdtempSync(join(host.dir, 'second-'));
    // Others than root log in as well.
    chmodSync(this.folder, 0o755);
  }

  /** The path of a file with this text. */
  file(name: string, text: string, mode = 0o644): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return path;
  }

  /** The path of a new private key. */
  key(name: string): string {
    const path = join(this.folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
    return path;
  }

  publicKey(path: string): string {
    return readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
  }

  sign(words: readonly string[]): void {
    execFileSync('ssh-keygen', ['-q', ...words]);
  }

  /** An inventory in which the worker's host is reached so. */
  inventory(variables: Readonly<Record<string, string>>): string {
    const all = Object.entries({ ansible_port: String(SECOND_PORT), ...variables });
    return this.file(
      'own.ini',
      `[fe]\n${this.host.name} ${all.map(([name, value]) => `${name}='${value}'`).join(' ')}\n`,
    );
  }

  /** Starts a server that stays in the foreground. `mounts`: what stands for what, for it and all that it starts. */
  async serve(
    command: readonly string[],
    mounts: readonly (readonly [string, string])[] = [],
  ): Promise<() => Promise<void>> {
    const lines = mounts.map(([own, path]) => `mount --bind ${own} ${path}`);
    const script = [...lines, `exec ${command.join(' ')}`].join(' && ');
    const words = inside(this.host, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script]);
    const server = spawn('nsenter', [...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(server, 'exit');
    const greets = async (): Promise<boolean | string> => {
      const socket = connect(SECOND_PORT, this.host.address);
      const [line] = (await once(socket, 'data').finally(() => socket.destroy())) as [Buffer];
      return line.toString().startsWith('SSH-2.0-') || said;
    };
    await until('the second SSH server', greets, {
      ...{ withinMs: 10_000, everyMs: 50, isHopeless: () => server.exitCode !== null },
    });
    return async () => {
      server.kill();
      await ended;
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
