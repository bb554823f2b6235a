import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Short {
  readonly instances?: 1 | 2 | 3;
  /** As YAML has it. */
  readonly serial?: number | string;
  /** The tag, as a template. */
  readonly version?: string;
}

/** The example playbook with one container for each host, or more, and other batches: what is done to it takes seconds. */
export function shortPlaybook(folder: string, { instances = 1, serial, version }: Short = {}): string {
  const path = join(folder, `${instances}.yml`);
  const replaced = ([text, by]: readonly [string, string], all: string): string => {
    if (!all.includes(text)) throw new Error(`the example playbook has no "${text}"`);
    return all.replace(text, by);
  };
  const changes: (readonly [string, string])[] = [
    ['instances: 3', `instances: ${instances}`],
    ...(instances === 1 ? [['name: pxApp_{{ id }}', 'name: pxApp_1'] as const] : []),
    ...(serial === undefined ? [] : [["serial: '35%'", `serial: ${serial}`] as const]),
    ...(version === undefined ? [] : [['pxapp:{{ pxapp_version }}', `pxapp:${version}`] as const]),
  ];
  writeFileSync(
    path,
    changes.reduce((all, change) => replaced(change, all), readFileSync('playbooks/pxapp.yml', 'utf8')),
  );
  return path;
}
