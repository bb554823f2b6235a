import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../../src/rollout/lifecycle.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { LOSSLESS, reloadUnnoticed, SLOWLY } from '../../support/lossless-reloads.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

/** An example with a command that restarts the container from its host, which drops whatever request it has in hand. */
function rough(): string {
  const text = readFileSync('playbooks/run.yml', 'utf8')
    .replace(/command: .*/, 'command: \'sleep 1; docker restart -t 0 "$SLUICE_CONTAINER"\'')
    .replace('where: container', 'where: host');
  return join(folderWith({ 'run.yml': text }), 'run.yml');
}

interface Row {
  readonly what: string;
  readonly playbook: () => string;
  /** Nothing answers behind the server meanwhile. */
  readonly step: Step;
  readonly tag: string;
}

const ROWS: readonly Row[] = [
  { what: 'in-place', playbook: () => 'playbooks/pxapp.yml', step: 'check', tag: 'v2' },
  { what: 'restart', playbook: () => 'playbooks/restart.yml', step: 'check', tag: 'v1' },
  { what: 'run', playbook: rough, step: 'run', tag: 'v1' },
];

// Until a reload is noticed its worker has in service what a run has out (recreate-host: recreate-host-reloads.test.ts; those
// with two slots: start-first.test.ts, blue-green-reloads.test.ts).
describe('an HAProxy that loses nothing, reloaded while nothing answers behind a server of it', () => {
  it.each(LOSSLESS.flatMap((set) => ROWS.map((row) => ({ ...set, ...row }))))(
    'and that $how, fails no request: $what',
    async ({ haproxyTemplate, playbook, step, tag }) => {
      await resetOwn({ haproxyTemplate, ...SLOWLY });
      const traffic = loadOwn();
      const args = ['rollout', playbook(), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];

      const ended = await atStep(args, step, reloadUnnoticed);

      const report = await traffic.stop();
      expect(ended.status, ended.stdout).toBe(0);
      expect(ended.stdout).toMatch(/"balancer-re(loaded|started)"/);
      expect((await serversOf(own)).toSorted()).toEqual(ALL_IN_SERVICE);
      expect(await containersOf(own)).toEqual(containersOn(tag));
      expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
      expect(report.failures).toEqual([]);
    },
  );
});
