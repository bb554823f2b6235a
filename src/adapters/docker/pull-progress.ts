import type { IncomingMessage } from 'node:http';
import type { PullProgress } from '../../runner/ports/ports.ts';
import { causeOfLoss } from './agent.ts';

/** One line of a pull's progress. */
interface Line {
  readonly error?: unknown;
  /** Of the layer that it is about. */
  readonly id?: unknown;
  readonly status?: unknown;
  readonly progressDetail?: { readonly current?: unknown; readonly total?: unknown } | null;
}

/**
 * Reads a pull's progress to its end. The Engine has answered 200 by then: that the pull failed stands in the stream.
 */
export async function followed(response: IncomingMessage, onProgress: (progress: PullProgress) => void): Promise<void> {
  const layers = new Map<string, { readonly current: number; readonly total: number }>();
  const hear = (text: string): void => {
    const { id, status, progressDetail } = understood(text);
    const { current, total } = progressDetail ?? {};
    if (status === 'Downloading' && typeof id === 'string' && typeof current === 'number') {
      layers.set(id, { current, total: typeof total === 'number' && total > current ? total : current });
    }
  };
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(line);
      onProgress(sumOf([...layers.values()]));
    }
  } catch (error) {
    throw error instanceof Error ? causeOfLoss(response, error) : error;
  }
  hear(rest);
}

function sumOf(layers: readonly { readonly current: number; readonly total: number }[]): PullProgress {
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  return { current: sum(layers.map(({ current }) => current)), total: sum(layers.map(({ total }) => total)) };
}

/** @throws Error with the Engine's words when this line of the progress says that the pull failed */
function understood(line: string): Line {
  if (line.trim() === '') return {};
  let progress: Line;
  try {
    progress = JSON.parse(line) as Line;
  } catch (error) {
    throw new Error(`the Engine's answer is garbled: ${line.slice(0, 80)}`, { cause: error });
  }
  if (typeof progress.error === 'string') throw new Error(progress.error);
  return progress;
}

/** Aborts when nothing broke it for a time. */
export class Silence {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isBroken = false;

  constructor(limitMs: number) {
    this.#timer = setInterval(() => {
      if (!this.#isBroken) this.#abort.abort(new Error(`no progress for ${limitMs / 1000} s`));
      this.#isBroken = false;
    }, limitMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  break(): void {
    this.#isBroken = true;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
