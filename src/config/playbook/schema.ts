import { z } from 'zod';
import { composePaths } from './compose-leaves.ts';
import { containerSchema } from './container.ts';
import { isMapping } from '../values.ts';
import type { Strategy, Switching } from '../../rollout/model.ts';
import { serverNames } from './balancer-leaves.ts';
import { balancerSchema, containerName, playBalancerSchema } from './balancer-schema.ts';
import { field, type FieldMeta, requiredField } from './field.ts';
import { instanceHooksSchema } from './hooks.ts';
import { pace } from './pace-schema.ts';
import { duration, durationAboveZero, errorLimit, factor, matching, oneOf, onTimeout, tags } from './leaves.ts';
import { watchedMetricSchema } from './metric.ts';
import { rampSchema } from './ramp.ts';
import { instanceCount } from './resources.ts';
import { runSchema } from './run-command.ts';
import { keeping } from './keeping.ts';
import { slotNames } from './slots.ts';
import { expected, expectedHeaders, httpStatus, httpUrl, probeCommand, tcpAddress } from './probe.ts';

export const drainSchema = z.strictObject({
  timeout: field(duration, { description: 'How long requests in hand may take to end.', default: '60s' }),
  on_timeout: field(onTimeout, {
    description:
      'What happens to an instance that still has requests then: `fail` puts it back into service, `continue` replaces it all the same, `shutdown_sessions` ends its sessions first. With these two it is in maintenance from then on, and what is left has up to 5 s more.',
    default: 'fail',
  }),
});

export const readySchema = z.strictObject({
  http: field(httpUrl, { description: 'Address that must answer, as seen from the host.' }),
  tcp: field(tcpAddress, { description: 'Address that must accept a connection, as seen from the host.' }),
  command: field(probeCommand, {
    description:
      'Command that must end with 0, run in the container. A string is for its `/bin/sh`. Secrets belong into `environment` of the container, where it finds them.',
  }),
  status: field(httpStatus, { description: 'Statuses of `http` that are good.', default: '200-399' }),
  body: field(expected, { description: 'What must be in the answer of `http`, in its first 256 KB.' }),
  header: field(expectedHeaders, { description: 'What must be in headers of the answer of `http`.' }),
  within: field(durationAboveZero, { description: 'How long the new container may take.', default: '60s' }),
  every: field(durationAboveZero, {
    description: 'Time between two looks, at the container and by the probe.',
    default: '100ms',
  }),
});

export const monitorSchema = z.strictObject({
  for: field(duration, {
    description: 'How long it is watched, from the moment its server is UP again. `0s` switches it off.',
    default: '30s',
  }),
  every: field(durationAboveZero, { description: 'Time between two looks.', default: '1s' }),
  max_errors: field(errorLimit, {
    description:
      'More errors than this fail the instance: 5xx, connections that could not be made, requests left without an answer. A percentage is of its requests in the time watched; it decides from 20 requests on.',
    default: '5%',
  }),
  compare: field(factor, {
    description:
      'Times the error rate of its untouched siblings, the servers of its backend that the run has not updated, that its own may be. Decides instead of `max_errors` where there are such, from 20 requests of both on.',
    otherwise: 'not compared',
  }),
  metric: watchedMetricSchema.optional().meta({
    description: 'A number that must be right at every look, and must have been there once. See docs/hooks.md.',
  }),
});

const strategies = [
  ...['in-place', 'start-first', 'blue-green', 'recreate-host', 'restart', 'run'],
] as const satisfies readonly Strategy[];

/** What may stand in a play, in an app, or in both: then the app's wins, key by key. */
const policy = {
  drain: drainSchema.optional().meta({ description: 'How requests in hand are waited for.' }),
  ramp: rampSchema.optional().meta({
    description:
      'The weight comes back in steps, each watched like the soak, which begins after the last one. Not with static algorithms. See docs/pace.md.',
    otherwise: 'all of it at once',
  }),
  soak: field(duration, {
    description: 'How long the new server must stay UP before the old container is removed.',
    otherwise: 'half as long as HAProxy took to see it UP, 500ms to 10s',
  }),
  monitor: z
    .preprocess((value) => (isMapping(value) ? value : { for: value }), monitorSchema)
    .optional()
    .meta({
      says: 'a duration with its unit, such as "30s", or a mapping, see below',
      description:
        'How long, and for what, an instance is watched in service while the run goes on. One that leaves UP, restarts, turns unhealthy or answers with too many errors is taken back, and its host has failed.',
      otherwise: 'not watched after the soak',
    }),
  strategy: field(oneOf(strategies), {
    description:
      '`in-place` stops the old container before the new one starts. `start-first` has the new one serve beside it first, which takes `slots`. `blue-green` does so with all containers of a host together, and keeps the old ones for a time. `recreate-host` stops all the old ones of a host before the first new one starts, and brings all of them back when one fails. `restart` stops the container that is there and starts it again, and changes nothing of it. `run` leaves it as it is and runs the command of `run` meanwhile. See docs/strategies.md.',
    otherwise: '`deploy.update_config.order` of the container, or `in-place`',
  }),
  run: runSchema.optional().meta({
    description: 'For the strategy `run`: the command.',
  }),
  switch: field(oneOf(['together', 'pair-by-pair'] as const satisfies readonly Switching['order'][]), {
    description:
      'For `blue-green`: whether all new containers of a host serve before the first old one is drained, or one after the other takes over.',
    default: 'together',
  }),
  keep: field(keeping, {
    description:
      'Old containers that are kept, stopped. With `blue-green` a time instead: so long the old ones of a host run on, out of traffic, and `sluice switch-back` has them serve again at once.',
    otherwise: '`0`; with `blue-green` `10m`',
  }),
};

const balancerNote = { description: 'The HAProxy in front of the containers of each host.' };

export const policySchema = z.strictObject({ balancer: playBalancerSchema.optional().meta(balancerNote), ...policy });

export const appSchema = z.strictObject({
  name: requiredField(containerName, { description: 'Name of the container; contains `{{ id }}` with several.' }),
  tags: field(tags, { description: 'For `--tags` and `--skip-tags`.', otherwise: 'none' }),
  instances: field(instanceCount, {
    description: 'Containers on each host; `id` counts them from 1.',
    otherwise: '`deploy.replicas` of the container, or 1',
  }),
  slots: field(slotNames, {
    description:
      'For `start-first` and `blue-green`: the names of two slots. `{{ slot }}` in `server`, `container` and `ready` tells them apart; the new container takes the one that the old one is not in.',
    otherwise: 'none',
  }),
  server: field(serverNames, {
    description:
      "Name of the container's server in the backend; with several backends one for all of them, or a mapping of each backend to its own. `discover`: whichever sends requests to a port that it publishes, or to its address in a Docker network. See docs/haproxy.md.",
    otherwise: '`name`',
  }),
  compose: field(composePaths, {
    description:
      'Compose files on the controller, beside the playbook; a later one goes over an earlier. See docs/compose.md.',
    otherwise: 'none',
  }),
  service: field(matching('the name of a service', /^[a-zA-Z0-9._-]+$/), {
    description: 'The service of those files that the container is.',
    otherwise: 'required beside `compose`',
  }),
  container: containerSchema.optional().meta({
    description: 'The container, in the words of Compose; beside `compose` what goes over the files.',
    otherwise: '**required**, unless there is `compose`',
  }),
  ready: readySchema.optional().meta({
    description:
      'Proof that a new container works: one of `http`, `tcp` and `command`. A request or a command that takes longer than 5 s has not passed, a command is killed then; the next look is another try.',
    otherwise: "the container's healthcheck alone",
  }),
  hooks: instanceHooksSchema.optional().meta({
    description: 'Commands that are run around each instance. See docs/hooks.md.',
  }),
  balancer: balancerSchema.optional().meta(balancerNote),
  ...policy,
});

export const tagsSchema = appSchema.pick({ tags: true });
export const composeSchema = appSchema.pick({ compose: true, service: true, name: true });
export const instancesSchema = appSchema.pick({ instances: true, slots: true });

export const playSchema = z.strictObject({
  ...pace,
  ...policySchema.shape,
  apps: z.array(appSchema).min(1).meta({ description: 'What is rolled out, in this order.', required: true }),
});

export const playbookSchema = z.array(playSchema).min(1);

export type WrittenApp = z.infer<typeof appSchema>;
export type WrittenPolicy = z.infer<typeof policySchema>;

/** What the schema itself says stands for a key that is left out. */
export function defaultsOf<Schema extends z.ZodObject>(schema: Schema): Partial<z.infer<Schema>> {
  const defaults = Object.entries<z.ZodType>(schema.shape).flatMap(([key, part]) => {
    const written = metaOf(part).default;
    return written === undefined ? [] : [[key, part.parse(written)] as const];
  });
  return Object.fromEntries(defaults) as Partial<z.infer<Schema>>;
}

export function metaOf(part: z.core.$ZodType): FieldMeta {
  return (z.globalRegistry.get(part) ?? {}) as FieldMeta;
}
