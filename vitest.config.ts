import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ByDuration } from './test/support/by-duration.ts';

// Whatever runs the command line must not write where the operator's own runs are.
process.env['SLUICE_STATE'] ??= resolve('node_modules/.sluice-state');

const globalSetup = ['test/support/temporary.setup.ts'];
// For what hangs, not for what is slow: two processors may be shared with anything.
const patience = { testTimeout: 600_000, hookTimeout: 600_000 };
const onTheLab = { globalSetup: [...globalSetup, 'test/fleet/lab.setup.ts'], ...patience };

export default defineConfig({
  test: {
    sequence: { sequencer: ByDuration },
    // They wait as much as they work, on sockets and for other programs: more than there are processors.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup,
          include: ['test/**/*.test.ts'],
          exclude: ['test/fleet/**'],
          ...patience,
          // The files of a worker share what they import, which costs more than most of them: none changes it.
          isolate: false,
        },
      },
      {
        // Against Ansible itself, where it is installed.
        test: { name: 'ansible', globalSetup, include: ['test/**/*.ansible.ts'], testTimeout: 1_800_000 },
      },
      {
        // Against docker-compose itself, where it is installed.
        test: { name: 'compose', globalSetup, include: ['test/**/*.compose.ts'], ...patience },
      },
      {
        // Against the HAProxy of this machine, or of $SLUICE_LAB_HAPROXY.
        test: { name: 'haproxy', globalSetup, include: ['test/**/*.haproxy.ts'], ...patience },
      },
      {
        // Against the schema of Compose, which $SLUICE_COMPOSE_SCHEMA names.
        test: { name: 'schema', globalSetup, include: ['test/**/*.schema.ts'] },
      },
      {
        test: {
          name: 'fleet',
          include: ['test/fleet/*.test.ts'],
          // One fleet, one test at a time: the machine and the HAProxys are shared.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          ...onTheLab,
        },
      },
      {
        test: {
          name: 'host',
          include: ['test/fleet/host/*.test.ts'],
          // Each worker has a host of the fleet for itself (test/support/own-host.ts).
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
          ...onTheLab,
        },
      },
    ],
  },
});
