import { defineConfig, type Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';
import { Visitor, type ESTree } from 'rolldown/utils';

type Property = ESTree.ObjectExpression['properties'][number];
type Spread = Property & { readonly type: 'SpreadElement' };

/** A part of the code, from one place to another, and what stands there instead. */
type Edit = readonly [from: number, to: number, text: string];

/**
 * Says the same without what V8 takes long for. To it, what an object literal that begins with a spread makes is of a
 * new shape each time something is added to it: that takes a microsecond or more, and all that reads such objects has
 * to look for every property (measured with V8 11.3, of Node 20). `{ ...{ a, b }, c }` becomes `{ a, b, c }`, and
 * `{ ...one, c }` becomes `{ ...undefined, ...one, c }`, which begins with a shape that it knows.
 */
const withoutFirstSpreads: Plugin = {
  name: 'without-first-spreads',
  renderChunk(code) {
    const edits: Edit[] = [];
    // What is spread into another literal has had its turn with that one.
    const merged = new Set<ESTree.ObjectExpression>();
    const visitor = new Visitor({
      ObjectExpression: (literal) => {
        if (merged.has(literal)) return;
        const [first] = flattened(literal.properties, { edits, merged });
        if (first?.type === 'SpreadElement') edits.push([first.start, first.start, '...undefined, ']);
      },
    });
    visitor.visit(parseAst(code));
    return { code: edited(code, edits), map: null };
  },
};

interface Flattening {
  readonly edits: Edit[];
  readonly merged: Set<ESTree.ObjectExpression>;
}

/** With the properties of literals that are spread into it in their place. */
function flattened(properties: readonly Property[], { edits, merged }: Flattening): readonly Property[] {
  return properties.flatMap((one): readonly Property[] => {
    const literal = one.type === 'SpreadElement' ? literalIn(one) : undefined;
    const [first, last] = [literal?.properties.at(0), literal?.properties.at(-1)];
    if (!literal || !first || !last) return [one];
    merged.add(literal);
    edits.push([one.start, first.start, ''], [last.end, one.end, '']);
    return flattened(literal.properties, { edits, merged });
  });
}

/** What a getter gives would be asked for later than in a literal of its own. */
function literalIn({ argument }: Spread): ESTree.ObjectExpression | undefined {
  if (argument.type !== 'ObjectExpression') return undefined;
  const isPlain = (one: Property): boolean => one.type === 'SpreadElement' || one.kind === 'init';
  return argument.properties.every(isPlain) ? argument : undefined;
}

function edited(code: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const [from, to, text] of edits.toSorted(([one], [other]) => one - other)) {
    parts.push(code.slice(done, from), text);
    done = to;
  }
  return [...parts, code.slice(done)].join('');
}

export default defineConfig({
  input: { main: 'test/simulation/main.ts', block: 'test/simulation/block.ts' },
  platform: 'node',
  plugins: [withoutFirstSpreads],
  checks: { pluginTimings: false },
  // Whatever else it makes shorter would take away what was put in.
  output: { dir: 'dist/simulation', minify: false },
});
