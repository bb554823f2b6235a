import type { Device, Ulimit } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { duration, numberIn } from './leaves.ts';

const bytesPer: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

export const size: Leaf<number> = {
  says: 'a size such as "512m" or "1g" (b, k, m or g), or a number of bytes',
  parse: (value) => {
    const match = /^(\d+(?:\.\d+)?)(b|[kmg]b?)?$/i.exec(textOf(value));
    const bytes = Math.floor(Number(match?.[1]) * (bytesPer[match?.[2]?.[0]?.toLowerCase() ?? 'b'] ?? NaN));
    return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : new Misfit();
  },
};

export const swapLimit: Leaf<number> = {
  says: 'a size such as "1g", or -1 for no limit',
  parse: (value) => (numberIn(value) === -1 ? -1 : size.parse(value)),
};

export const cpus: Leaf<number> = {
  says: 'a number of CPUs above 0, such as 0.5',
  parse: (value) => {
    const found = /^\d+(?:\.\d+)?$/.test(textOf(value)) ? Number(value) : 0;
    return found > 0 ? found : new Misfit();
  },
};

/** Of the CPU's time, in microseconds. */
export const cpuTime: Leaf<number> = {
  says: 'a number of microseconds, or a duration with its unit',
  parse: (value) => {
    const bare = numberIn(value);
    if (bare !== undefined) return Number.isSafeInteger(bare) && bare > 0 ? bare : new Misfit();
    const ms = duration.parse(value);
    return typeof ms === 'number' && ms > 0 ? ms * 1000 : new Misfit();
  },
};

const ULIMIT = 'a limit such as 1024, or a mapping of soft and hard';

export const ulimits: Leaf<readonly Ulimit[]> = {
  says: 'a mapping such as "nofile: 1024" or "nofile: { soft: 1024, hard: 2048 }"',
  item: ULIMIT,
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    return each<[string, unknown], Ulimit>(
      Object.entries(value),
      ([name, limit]) => ulimit(name, limit),
      ([name]) => name,
    );
  },
};

function ulimit(name: string, limit: unknown): Ulimit | Misfit {
  if (!/^[a-z]+$/.test(name)) return new Misfit(`"${name}" is no name of a limit`);
  if (!isMapping(limit)) {
    const both = limitIn(limit);
    return both === undefined ? new Misfit() : { name, soft: both, hard: both };
  }
  const unknown = Object.keys(limit).find((key) => key !== 'soft' && key !== 'hard');
  const [soft, hard] = [limitIn(limit['soft']), limitIn(limit['hard'])];
  if (unknown !== undefined || soft === undefined || hard === undefined) return new Misfit('write soft and hard');
  const isAbove = hard !== -1 && (soft === -1 || soft > hard);
  return isAbove ? new Misfit('soft is above hard') : { name, soft, hard };
}

function limitIn(value: unknown): number | undefined {
  const found = numberIn(value);
  return found !== undefined && Number.isSafeInteger(found) && found >= -1 ? found : undefined;
}

export const devices: Leaf<readonly Device[]> = {
  says: 'a list of devices such as "/dev/fuse" or "/dev/sda:/dev/xvda:r"',
  item: 'a device such as "/dev/fuse" or "/dev/sda:/dev/xvda:r"',
  parse: (value) => (Array.isArray(value) ? each<unknown, Device>(value, device) : new Misfit()),
};

function device(value: unknown): Device | Misfit {
  const written = isMapping(value) ? longDevice(value) : value;
  if (written instanceof Misfit) return written;
  const [, onHost, inContainer, permissions = 'rwm'] =
    /^(\/[^:\0\n]+)(?::(\/[^:\0\n]+))?(?::([rwm]{1,3}))?$/.exec(textOf(written)) ?? [];
  if (onHost === undefined) return new Misfit();
  return { onHost, inContainer: inContainer ?? onHost, permissions };
}

function longDevice(value: Readonly<Record<string, unknown>>): string | Misfit {
  const unknown = Object.keys(value).find((key) => !['source', 'target', 'permissions'].includes(key));
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of it`);
  const { source, target, permissions } = value;
  return [source, target ?? source, permissions ?? 'rwm'].map(textOf).join(':');
}
