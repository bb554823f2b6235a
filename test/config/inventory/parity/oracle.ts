import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, type ParityCase } from './case.ts';

export interface Call {
  readonly folder: string;
  readonly argv: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Serialised {
  readonly folder: string;
  readonly playbook: string;
  readonly inventory: string;
}

/** Where several parents share children, Ansible's order is that of Python's hashes; then seeds differ. */
const seeds = ['0', '4'];

/** What Ansible answers to each call, its commands being run under several hash seeds. */
export function askAnsible(calls: readonly Call[]): readonly string[] {
  const [first = [], ...others] = seeds.map((seed) => run({ calls }, seed).answers);
  return first.map(({ status, out, err }, index) => {
    const what = calls[index]?.argv.join(' ') ?? '';
    if (status !== 0) return `${what}: ${err}`;
    return others.some((answers) => answers[index]?.out !== out) ? `${what}: its order is left to chance` : out;
  });
}

export function batchesOfAnsible(batches: readonly Serialised[]): readonly (readonly (readonly string[])[])[][] {
  return run({ batches }, '0').batches;
}

function run(request: object, seed: string): { answers: Answer[]; batches: string[][][][] } {
  const home = mkdtempSync(join(tmpdir(), 'sluice-oracle-'));
  try {
    const { stdout, stderr, status } = spawnSync('/usr/bin/python3', [join(import.meta.dirname, 'oracle.py')], {
      input: JSON.stringify(request),
      encoding: 'utf8',
      maxBuffer: 1e9,
      env: {
        ...{ PATH: process.env['PATH'], HOME: home, LC_ALL: 'C.UTF-8', PYTHONHASHSEED: seed, ANSIBLE_NOCOLOR: '1' },
        ...{ ANSIBLE_LOCALHOST_WARNING: 'False', ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: 'True' },
        ...{ ANSIBLE_DEPRECATION_WARNINGS: 'False', COLUMNS: '200' },
      },
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as { answers: Answer[]; batches: string[][][][] };
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** The command of Ansible that answers a question about a case. */
export function argvOf(question: string, one: ParityCase): readonly string[] {
  const sources = linesOf(one, 'sources').flatMap((source) => ['-i', source]);
  const [, kind, rest = ''] = /^(\S+) ?(.*)$/.exec(question) ?? [];
  const options = linesOf(one, 'options').flatMap((line) => line.split(' '));
  if (kind === 'select') {
    const [pattern = '', limit] = rest.split(' -l ');
    return [
      'ansible',
      ...sources,
      ...options,
      ...(limit === undefined ? [] : ['-l', limit]),
      '--list-hosts',
      '--',
      pattern,
    ];
  }
  // Without it, group_vars of the working folder count as those beside a playbook.
  const playbook = options.includes('--playbook-dir') ? [] : ['--playbook-dir', 'none'];
  const asked = { list: ['--list'], host: ['--host', rest], graph: ['--graph'], 'graph-vars': ['--graph', '--vars'] };
  return ['ansible-inventory', ...sources, ...options, ...playbook, ...asked[kind as keyof typeof asked]];
}

/** The part of an answer that counts: of a list of hosts, the hosts. */
export function answerIn(out: string, question: string): string {
  if (!question.startsWith('select ')) return out.replace(/\n$/, '');
  return out
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
