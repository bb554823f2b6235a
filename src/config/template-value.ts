import { blocksOf } from './jinja/blocks.ts';
import { isBalanced, renderedText, type Rendering, valueOf } from './jinja/engine.ts';

const MOST_REMEMBERED = 10_000;
const remembered = new Map<string, Remembered>();

interface Remembered {
  readonly value: unknown;
  /** What it has looked up on the way: whoever comes to the value must hear of that, too. */
  readonly looked: readonly (readonly [name: string, value: unknown])[];
}

/** Hosts differ little: most templates of a fleet are rendered with the same few values again and again. */
export function evaluated(template: string, rendering: Rendering): unknown {
  if (/\bvars\b/.test(template) || !Object.values(rendering.context).every(isSimple))
    return evaluatedAnew(template, rendering);
  const key = JSON.stringify([template, rendering.folder, rendering.context]);
  const known = remembered.get(key);
  if (known) {
    for (const [name, found] of known.looked) rendering.onLooked?.(name, found);
    return known.value;
  }
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  const looked: [string, unknown][] = [];
  const onLooked = (name: string, found: unknown): void => {
    looked.push([name, found]);
    rendering.onLooked?.(name, found);
  };
  const value = evaluatedAnew(template, { ...rendering, onLooked });
  remembered.set(key, { value, looked });
  return value;
}

function isSimple(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function evaluatedAnew(template: string, rendering: Rendering): unknown {
  const expression = soleExpression(template);
  if (expression === undefined) return renderedText(template, rendering);
  const value = valueOf(expression, rendering);
  if (value !== undefined && value !== null) return value;
  // Both none and what is not defined are undefined here; rendering as text refuses the latter.
  renderedText(template, rendering);
  return null;
}

/** `x` of `{{ x }}`; undefined if there is anything else. */
export function soleExpression(template: string): string | undefined {
  const bare = template.trim();
  const [block, other] = blocksOf(bare).blocks;
  if (block?.opening !== '{{' || other !== undefined || block.start > 0 || block.end < bare.length) return undefined;
  return isBalanced(block.inner) ? block.inner : undefined;
}
