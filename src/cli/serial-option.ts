import { serial as serialLeaf } from '../config/playbook/leaves.ts';
import { Failure } from '../errors.ts';
import type { Serial } from '../rollout/serial.ts';

/** `1`, `25%`, or sizes batch by batch, as `1,2,50%`. */
export function serialOf(text: string | undefined): Serial | undefined {
  if (text === undefined) return undefined;
  const parsed = serialLeaf.parse(text.split(',').map((size) => size.trim()));
  if (Array.isArray(parsed) && parsed.every(isSize)) {
    const [first, ...others] = parsed;
    if (first) return [first, ...others];
  }
  throw new Failure('config', `Cannot use --serial ${text}: it must be ${serialLeaf.says}, or several with commas`);
}

function isSize(size: unknown): size is Serial[number] {
  return typeof size === 'object' && size !== null && ('hosts' in size || 'percent' in size);
}
