import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which part of src/ may import which. The order is the order of docs/architecture.md, inside out. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  rollout: [],
  runner: ['rollout', 'errors.ts'],
  config: ['rollout', 'errors.ts'],
  report: ['rollout'],
  adapters: ['rollout', 'runner', 'errors.ts'],
  cli: ['rollout', 'runner', 'config', 'report', 'adapters', 'errors.ts'],
  'main.ts': ['cli', 'errors.ts'],
};

/** What each folder of the runner may import of the others, inside out; `run.ts` and what lies beside it is on top. */
const runnerMayImport: Readonly<Record<string, readonly string[]>> = {
  ports: [],
  waiting: ['ports'],
  instance: ['ports', 'waiting'],
  hosts: ['ports', 'waiting', 'instance'],
  preflight: ['ports', 'waiting', 'instance', 'hosts'],
  recovery: ['ports', 'waiting', 'instance', 'hosts', 'preflight'],
  play: ['ports', 'waiting', 'instance', 'hosts', 'preflight', 'recovery'],
  maintenance: ['ports', 'waiting', 'instance', 'hosts', 'preflight', 'recovery'],
  haproxy: ['ports', 'waiting', 'instance', 'hosts', 'preflight', 'recovery'],
};

/** What a run is given and comes to: types that all of the runner may know. */
const RUN = 'runner/run.ts';

/** The one folder, or file, that knows a library. */
const homes: Readonly<Record<string, string>> = {
  ssh2: 'adapters/ssh',
  dockerode: 'adapters/docker',
  yaml: 'config',
  zod: 'config/playbook',
  'minijinja-js': 'config',
  yargs: 'cli',
  winston: 'report/log.ts',
  picocolors: 'report/paint.ts',
};

/** p-limit bounds what runs at the same time, wherever that is. */
const anywhere = ['p-limit'];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

function layerOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function importsOf(file: string): string[] {
  const text = readFileSync(join('src', file), 'utf8');
  return [...text.matchAll(/(?:^.*\bfrom |\bimport\()'([^'\s]+)'\)?/gm)].map((match) => match[1] ?? '');
}

function innerImportsOf(file: string): string[] {
  const inner = importsOf(file).filter((path) => path.startsWith('.'));
  return inner.map((path) => normalize(join(dirname(file), path)));
}

describe.each(sources)('src/%s', (file) => {
  const libraries = importsOf(file).filter((path) => !path.startsWith('.') && !path.startsWith('node:'));

  it('imports only the layers below it', () => {
    const allowed = [layerOf(file), ...(mayImport[layerOf(file)] ?? [])];
    expect(innerImportsOf(file).filter((path) => !allowed.includes(layerOf(path)))).toEqual([]);
  });

  it('knows only the libraries that have their home there', () => {
    const foreign = libraries.filter((name) => !anywhere.includes(name) && !file.startsWith(homes[name] ?? 'nowhere'));
    expect(foreign).toEqual([]);
  });
});

describe.each(sources.filter((file) => layerOf(file) === 'rollout'))('src/%s', (file) => {
  it('needs nothing outside rollout/, not even node:', () => {
    expect(importsOf(file).filter((path) => !path.startsWith('.'))).toEqual([]);
  });
});

const inFolders = sources.filter((file) => layerOf(file) === 'runner' && file.split('/').length > 2);

describe.each(inFolders)('src/%s', (file) => {
  it('imports only the folders of the runner below it', () => {
    const folder = file.split('/')[1] ?? '';
    const allowed = [folder, ...(runnerMayImport[folder] ?? [])];
    const inner = innerImportsOf(file).filter((path) => layerOf(path) === 'runner' && path !== RUN);
    expect(inner.filter((path) => !allowed.includes(path.split('/')[1] ?? ''))).toEqual([]);
  });
});

it('every folder of the runner has its rule', () => {
  const folders = new Set(inFolders.map((file) => file.split('/')[1]));
  expect([...folders].toSorted()).toEqual(Object.keys(runnerMayImport).toSorted());
});

describe.each(sources.filter((file) => layerOf(file) === 'adapters'))('src/%s', (file) => {
  it('does not import another adapter', () => {
    const adapters = innerImportsOf(file).filter((path) => path.split('/').length > 2 && layerOf(path) === 'adapters');
    expect(adapters.filter((path) => path.split('/')[1] !== file.split('/')[1])).toEqual([]);
  });
});

it('every part of src/ has its rule', () => {
  expect([...new Set(sources.map(layerOf))].toSorted()).toEqual(Object.keys(mayImport).toSorted());
});
