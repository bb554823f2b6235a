import { z } from 'zod';
import { bare } from './complaints.ts';
import { hookSchema } from './hooks.ts';
import { metaOf, playSchema, policySchema } from './schema.ts';

const A_HOOK = 'A hook';

/** A table of the keys of every mapping of a playbook, out of the schema's own notes. */
function playbookReference(): string {
  return [...sectionsOf('Play', playSchema), ...sectionsOf(A_HOOK, hookSchema)].join('\n');
}

function* sectionsOf(title: string, mapping: z.ZodObject): Generator<string> {
  const isApp = title === 'apps[]';
  const isTop = title === 'Play' || title === A_HOOK;
  const keys = Object.entries<z.ZodType>(mapping.shape);
  const rows = keys.map(([key, part]) =>
    rowOf(key, part, isApp && key in policySchema.shape ? "the play's" : undefined),
  );
  yield [`### ${title}`, '', '| key | value | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
  for (const [key, part] of keys) {
    const inner = bare(part);
    // What a play may say too is told there.
    if (isApp && key in policySchema.shape) continue;
    if (inner instanceof z.ZodObject) yield* sectionsOf(isApp || isTop ? key : `${title}.${key}`, inner);
    // What says itself where it is told, as lists of hooks do, is told there.
    if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject && metaOf(part).says === undefined) {
      yield* sectionsOf(`${key}[]`, inner.element);
    }
  }
}

function rowOf(key: string, part: z.ZodType, inherited: string | undefined): string {
  const { says, description, default: written, otherwise, required } = metaOf(part);
  const value = says ?? (bare(part) instanceof z.ZodArray ? 'a list, see below' : 'a mapping, see below');
  const own = written === undefined ? (otherwise ?? (required ? '**required**' : 'none')) : `\`${written}\``;
  return `| \`${key}\` | ${[value, inherited ?? own, description].map(inCell).join(' | ')} |`;
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** docs/playbook.md with its tables, and its example, renewed between their markers. */
export function withReference(page: string, example: string): string {
  const withExample = between(page, 'example', `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``);
  return between(withExample, 'reference', playbookReference().trimEnd());
}

function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [head, rest] = [page.slice(0, page.indexOf(begin)), page.slice(page.indexOf(end))];
  return `${head}${begin}\n\n${text}\n\n${rest}`;
}
