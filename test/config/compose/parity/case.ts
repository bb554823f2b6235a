import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSpec } from '../../../../src/rollout/container-spec.ts';
import { readArchive, unpack, type ArchivedFile } from '../../inventory/parity/archive.ts';
import { theInstance } from '../../playbook/fleet.ts';

/** Compose files, and what docker-compose makes of their service `web`. */
export interface ComposeCase {
  readonly name: string;
  readonly files: ReadonlyMap<string, ArchivedFile>;
  /** Those named with `-f`. */
  readonly sources: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const folder = import.meta.dirname;

export function allCases(): readonly ComposeCase[] {
  return readdirSync(join(folder, 'cases')).map((file) => {
    const files = readArchive(readFileSync(join(folder, 'cases', file), 'utf8'));
    const linesOf = (name: string): string[] => (files.get(name)?.text ?? '').split('\n').filter((line) => line !== '');
    const sources = linesOf('sources');
    return {
      name: file.replace(/\.txt$/, ''),
      files: new Map([...files].filter(([name]) => name !== 'sources' && name !== 'environment')),
      sources: sources.length > 0 ? sources : ['compose.yml'],
      environment: Object.fromEntries(linesOf('environment').map((line) => line.split('=') as [string, string])),
    };
  });
}

export function answerFile({ name }: ComposeCase): string {
  return join(folder, 'answers', `${name}.yml`);
}

/** In a folder of its own that is called `project`, as docker-compose makes the project's name out of it. */
export function inProject<T>(one: ComposeCase, use: (path: string) => T): T {
  const above = mkdtempSync(join(tmpdir(), 'sluice-compose-'));
  try {
    const path = join(above, 'project');
    mkdirSync(path);
    unpack(one.files, path);
    return use(path);
  } finally {
    rmSync(above, { recursive: true });
  }
}

export function ourAnswer(one: ComposeCase): ContainerSpec {
  return inProject(one, (path) => specOf(path, one.sources, one.environment));
}

/** What docker-compose has made of it is a compose file as well, with everything filled in. */
export function theirAnswer(one: ComposeCase, printed: string): ContainerSpec {
  return inProject(one, (path) => {
    rmSync(join(path, '.env'), { force: true });
    writeFileSync(join(path, 'answer.yml'), printed);
    return specOf(path, ['answer.yml'], {});
  });
}

function specOf(path: string, sources: readonly string[], controller: Readonly<Record<string, string>>): ContainerSpec {
  const text = `- hosts: fe1\n  balancer: { backend: b }\n  apps:\n  - name: web\n    compose: [${sources.join(', ')}]\n    service: web\n`;
  return theInstance(text, undefined, { playbookDir: path, controller }).spec;
}
