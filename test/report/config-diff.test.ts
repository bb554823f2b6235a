import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffText } from '../../src/report/config-diff.ts';
import { Secrets } from '../../src/rollout/secret.ts';
import { paintFor } from '../../src/report/paint.ts';

const plain = paintFor(false);

function told(before: string | undefined, after: string): string[] {
  return diffText({ name: 'fe1 /h.cfg', before, after }, plain, new Secrets());
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

describe('diffText()', () => {
  it('says when nothing differs', () => {
    expect(told('a\n', 'a\n')).toEqual(['fe1 /h.cfg: no difference']);
  });

  it('shows what is new where there was no file, and a newline that is missing', () => {
    expect(told(undefined, 'a\nb')).toEqual([
      '--- fe1 /h.cfg (not there)',
      '+++ fe1 /h.cfg (rendered)',
      '@@ -0,0 +1,2 @@',
      '+a',
      '+b\\ (no newline at the end)',
    ]);
  });

  it.each([
    {
      name: 'a change, a line gone and one come',
      change: (lines: string[]) => ['x', ...lines.toSpliced(10, 1, 'y').toSpliced(30, 1)],
    },
    {
      name: 'a piece that moved',
      change: (lines: string[]) => [...lines.slice(20, 25), ...lines.slice(0, 20), ...lines.slice(25)],
    },
    { name: 'everything else', change: () => ['p', 'q'] },
  ])('is what patch(1) makes one of the other: $name', ({ change }) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-diff-'));
    const [before, after] = [`${numbers(40).join('\n')}\n`, `${change(numbers(40)).join('\n')}\n`];
    writeFileSync(join(folder, 'file'), before);

    const patch = `${told(before, after).join('\n')}\n`;

    const made = execFileSync('patch', ['-s', '-o', '-', join(folder, 'file')], { input: patch, encoding: 'utf8' });
    expect(made).toBe(after);
    rmSync(folder, { recursive: true });
  });

  it('hides what a secret was before, of the lines that it is in the place of', () => {
    const secrets = new Secrets();
    secrets.add('NEWSECRET');
    const config = (auth: string): string => `a\nstats auth a:${auth}\n${numbers(9).join('\n')}\nz ${auth.length}\n`;
    const diff = { name: 'fe1 /h.cfg', before: config('OLDSECRETS'), after: config('NEWSECRET') };

    const lines = diffText(diff, plain, secrets);

    expect(lines).toContain('-(hidden)');
    expect(lines).toContain('+stats auth a:(hidden)');
    expect(lines).toContain('-z 10');
    expect(lines.join(' ')).not.toMatch(/OLDSECRETS|NEWSECRET/);
  });

  it('tells files that have nothing in common, and are long, in no time', () => {
    const [before, after] = [
      numbers(5000).join('\n'),
      numbers(5000)
        .map((line) => `other ${line}`)
        .join('\n'),
    ];

    expect(told(`${before}\n`, `${after}\n`).length).toBe(10_003);
  });
});
