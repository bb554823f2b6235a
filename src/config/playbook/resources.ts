import { z } from 'zod';
import { field } from './field.ts';
import { reservedDevices } from './device-leaves.ts';
import { integer, oneOf } from './leaves.ts';
import { cpus, size } from './resource-leaves.ts';
import { unsupportedInDeploy, unsupportedReservations } from './unsupported-keys.ts';
import { rollbackConfigSchema, updateConfigSchema } from './update-config.ts';

export const pids = integer('a number of processes, or -1 for no limit', -1);

const MOST_INSTANCES = 1000;

export const instanceCount = integer('a number of instances from 0 to 1000', 0, MOST_INSTANCES);

const limits = z.strictObject({
  cpus: field(cpus, { description: 'The same as `cpus`.' }),
  memory: field(size, { description: 'The same as `mem_limit`.' }),
  pids: field(pids, { description: 'The same as `pids_limit`.' }),
});

const reservations = z
  .strictObject({
    memory: field(size, { description: 'The same as `mem_reservation`.' }),
    devices: field(reservedDevices, { description: 'GPUs and the like, added to those of `gpus`.' }),
  })
  .meta({ unsupported: unsupportedReservations });

export const deploySchema = z
  .strictObject({
    mode: field(oneOf(['replicated'] as const), { description: 'The only one there is.' }),
    replicas: field(instanceCount, { description: '`instances` of the app, where that says nothing.' }),
    update_config: updateConfigSchema
      .optional()
      .meta({ description: 'For what neither the play nor the app says. See docs/compose.md.' }),
    rollback_config: rollbackConfigSchema
      .optional()
      .meta({ description: 'The same for a rollback, over the batches of the run.' }),
    resources: z
      .strictObject({
        limits: limits.optional().meta({ description: 'The most that it may have.' }),
        reservations: reservations.optional().meta({ description: 'What it should have.' }),
      })
      .optional()
      .meta({ description: 'What the container may use. What is said twice must be the same.' }),
  })
  .meta({ unsupported: unsupportedInDeploy });

export type Deploy = z.infer<typeof deploySchema>;

/** The keys that say the same in two places: of the service, and of what is deployed. */
export const resourceKeys = [
  { key: 'cpus', path: ['limits', 'cpus'], of: (deploy: Deploy) => deploy.resources?.limits?.cpus },
  { key: 'mem_limit', path: ['limits', 'memory'], of: (deploy: Deploy) => deploy.resources?.limits?.memory },
  { key: 'pids_limit', path: ['limits', 'pids'], of: (deploy: Deploy) => deploy.resources?.limits?.pids },
  {
    key: 'mem_reservation',
    path: ['reservations', 'memory'],
    of: (deploy: Deploy) => deploy.resources?.reservations?.memory,
  },
] as const;
