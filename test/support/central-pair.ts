/** The lab with two of its HAProxys as central ones, which have the containers of all hosts, two of each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hosts } from '../../lab/lab.ts';
import type { LabSettings } from '../../lab/settings.ts';
import { LAB } from './haproxy-templates.ts';

export const BALANCERS = ['fe1', 'fe2'];

const WEIGHTS = [10, 20];

/**
 * What the lab is reset to, with a reload that costs no request. Its configuration, that of one host with the servers of
 * all, is written into `folder`.
 */
export function centralPair(folder: string, template = LAB): Partial<LabSettings> {
  const path = join(folder, basename(template));
  const ofAll = (_: string, name: string, rest: string): string =>
    hosts()
      .map((host) => `    server ${host.name}_${name} ${host.address}${rest}\n`)
      .join('');
  const text = readFileSync(template, 'utf8')
    .replace(/^ {4}server (pxApp_\S+) 127\.0\.0\.1(.*)\n/gm, ofAll)
    .replace(/^ {4}http-reuse always$/m, '$&\n    option idle-close-on-response')
    // With slots: as many as have nothing behind them, the free ones and those of one host that is recreated.
    .replace(/^ {4}retries [1-9]$/m, `    retries ${(hosts().length + 1) * WEIGHTS.length}`);
  writeFileSync(path, text);
  return { haproxyTemplate: path, publishOn: '0.0.0.0', apps: WEIGHTS.length };
}

/** How each of them shows its servers when nothing is wrong. */
export function inService(): string[] {
  return hosts().flatMap(({ name }) => WEIGHTS.map((weight, index) => `${name}_pxApp_${index + 1} ${weight} 0 UP`));
}

/** The same with two slots, sorted: these serve in b, the others in a. Besides them is nothing, or what is kept. */
export function inSlots(inB: readonly string[] = [], besides: 'free' | 'kept' = 'free'): string[] {
  return inService()
    .flatMap((line) => {
      const [name = '', weight = ''] = line.split(' ');
      const [own, other] = inB.includes(name) ? ['b', 'a'] : ['a', 'b'];
      const standing = besides === 'kept' && own === 'b' ? '0 1' : `${weight} 0`;
      return [`${name}${own} ${weight} 0 UP`, `${name}${other} ${standing} DOWN`];
    })
    .toSorted();
}
