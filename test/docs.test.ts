import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packages } from '../lab/packages.ts';
import { readPlaybook } from '../src/config/playbook/read.ts';
import { BUG_STATUS, exitStatuses, HAS_CHANGES_STATUS } from '../src/errors.ts';

const pages = ['README.md', 'CHANGELOG.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((page) =>
  page.endsWith('.md'),
);

function textOf(page: string): string {
  return readFileSync(page, 'utf8');
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The body of the page's first fenced block of this language. */
function blockIn(page: string, language: string): string {
  return new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(textOf(page))?.[1] ?? '';
}

/** The rows of the table under `heading`, as cells. */
function rowsUnder(page: string, heading: string): string[][] {
  const section = textOf(page).split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** GitHub's name for the place of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe.each(pages)('%s', (page) => {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^https?:/.test(target));

  it('links to files that exist', () => {
    const files = links.map((target) => target.split('#')[0] ?? '').filter((file) => file !== '');
    expect(files.filter((file) => !existsSync(normalize(join(dirname(page), file))))).toEqual([]);
  });

  it('links to headings that exist', () => {
    const dead = links.filter((target) => {
      const [file = '', anchor] = target.split('#');
      if (anchor === undefined) return false;
      const text = textOf(file === '' ? page : normalize(join(dirname(page), file)));
      return ![...text.matchAll(/^#+ (.*)$/gm)].some((match) => anchorOf(match[1] ?? '') === anchor);
    });
    expect(dead).toEqual([]);
  });
});

describe('the exit codes', () => {
  const known = [
    { status: 0, codes: [] },
    { status: HAS_CHANGES_STATUS, codes: [] },
    { status: BUG_STATUS, codes: [] },
    ...[...new Set(Object.values(exitStatuses))].map((status) => ({
      status,
      codes: Object.entries(exitStatuses)
        .filter(([, its]) => its === status)
        .map(([code]) => code)
        .toSorted(),
    })),
  ].toSorted((one, other) => one.status - other.status);

  it('in README.md are those of src/errors.ts', () => {
    const told = rowsUnder('README.md', 'Exit codes').map(([status, codes = '']) => ({
      status: Number(status),
      codes: codesIn(codes).toSorted(),
    }));
    expect(told).toEqual(known);
  });

  it('in docs/operating.md are all of them', () => {
    const told = rowsUnder('docs/operating.md', 'Exit codes').map(([status]) => Number(status));
    expect(told).toEqual(known.map(({ status }) => status));
  });
});

it('README.md tells the commands that there are', () => {
  const declared = [...textOf('src/cli/arguments.ts').matchAll(/\.command\('([^']+)'/g)].map((match) => match[1]);

  expect(rowsUnder('README.md', 'Commands').map(([command = '']) => codesIn(command)[0])).toEqual(declared);
});

it('README.md tells the Debian packages that the lab installs', () => {
  const told = /Debian packages that are missing of\n([^;]*);/.exec(textOf('README.md'))?.[1] ?? '';

  expect(codesIn(told)).toEqual(packages);
});

it("README.md's playbook is sound", () => {
  const { plays } = readPlaybook('README.md', blockIn('README.md', 'yaml'));

  expect(plays.length).toBe(1);
});

describe('what a page shows of a playbook', () => {
  /** Blocks of YAML after a paragraph that ends with a colon and links to a playbook. */
  const shown = pages.flatMap((page) =>
    [...textOf(page).matchAll(/((?:^.+\n)+)\n```yaml\n([^]*?)^```$/gm)].flatMap(([, before = '', text = '']) => {
      const [, file] = /\]\(\.\.\/(playbooks\/[\w-]+\.yml)\)[^]*:\n$/.exec(before) ?? [];
      return file === undefined ? [] : [{ page, file, text }];
    }),
  );

  it('is of some pages', () => {
    expect(shown.map(({ page, file }) => `${page} ${file}`)).toEqual(
      expect.arrayContaining([
        'docs/hooks.md playbooks/hooks.yml',
        'docs/hooks.md playbooks/gates.yml',
        'docs/pace.md playbooks/canary.yml',
      ]),
    );
  });

  it.each(shown)('$page: it stands so in $file', ({ file, text }) => {
    const [play] = parse(textOf(file)) as readonly unknown[];

    expect(play).toMatchObject(parse(text) as object);
  });

  it.each([
    { page: 'docs/hooks.md', file: 'playbooks/hooks.yml' },
    { page: 'docs/hooks.md', file: 'playbooks/gates.yml' },
  ])('$page: nothing of what $file has hooked to its play is left out', ({ page, file }) => {
    const [play] = parse(textOf(file)) as readonly Readonly<Record<string, unknown>>[];
    const its = shown.find((one) => one.page === page && one.file === file);

    const { hooks, monitor } = play ?? {};
    expect(parse(its?.text ?? '')).toEqual({ hooks, ...(monitor !== undefined && { monitor }) });
  });
});

it('docs/operating.md tells the events that there are', () => {
  const declarations = ['events', 'hook-events', 'haproxy-events']
    .map((name) => textOf(`src/rollout/${name}.ts`))
    .join('\n');
  const declared = [...declarations.matchAll(/readonly type: '([a-z-]+)'/g)].map((match) => match[1]);
  const told = rowsUnder('docs/operating.md', 'Events').flatMap(([types = '']) => codesIn(types));

  expect(told.toSorted()).toEqual(declared.toSorted());
});

describe('the tree in docs/contributing.md', () => {
  const tree: { path: string; isFolder: boolean }[] = [];
  const above: string[] = [];
  for (const line of blockIn('docs/contributing.md', 'text').trimEnd().split('\n')) {
    const [, indent = '', name = ''] = /^( *)(\S+) {2,}\S/.exec(`${line}  .`) ?? [];
    above.splice(indent.length / 2, above.length, name);
    tree.push({ path: above.join(''), isFolder: name.endsWith('/') });
  }

  it('names only what exists', () => {
    const missing = tree.filter(({ path, isFolder }) => !existsSync(path) || statSync(path).isDirectory() !== isFolder);
    expect(missing).toEqual([]);
  });

  it('names every folder of src/', () => {
    const folders = readdirSync('src', { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${join(entry.parentPath, entry.name)}/`);
    const named = tree.map(({ path }) => path);
    expect(folders.filter((folder) => !named.includes(folder))).toEqual([]);
  });
});
