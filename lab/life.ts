import { readFileSync } from 'node:fs';

/** A process that cannot be taken for a later one of the same number. */
export interface Life {
  readonly pid: number;
  /** When it was started, in ticks since the boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly started: string;
}

/** Of a process that runs; undefined when there is none of this number. */
export function lifeOf(pid: number): Life | undefined {
  const [state, ...others] = statOf(pid)
    .replace(/^.*\) /s, '')
    .split(' ');
  const started = others[18];
  return started === undefined || state === 'Z' || state === 'X' ? undefined : { pid, started };
}

export function ourLife(): Life {
  const life = lifeOf(process.pid);
  if (life === undefined) throw new Error('Cannot read /proc/self/stat: the lab needs Linux');
  return life;
}

export function isAlive({ pid, started }: Life): boolean {
  return lifeOf(pid)?.started === started;
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
