import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../../lab/wait.ts';

/** A command line on a terminal of its own: script(1) makes one. */
export class Terminal {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #screen = '';

  constructor(line: string) {
    this.#child = spawn('script', ['-q', '-e', '-f', '-c', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#screen += chunk.toString()));
    this.ended = once(this.#child, 'close').then(([status]) => status as number | null);
  }

  /** All that has been on it. */
  get screen(): string {
    return this.#screen.replaceAll('\r', '');
  }

  async shows(text: string, withinMs = 60_000): Promise<void> {
    const isThere = async (): Promise<boolean | string> => this.screen.includes(text) || this.screen;
    await until(`"${text}" on the screen`, isThere, { withinMs, everyMs: 20 });
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Takes it away from whatever still runs on it. */
  hangUp(): void {
    this.#child.kill('SIGKILL');
  }
}
