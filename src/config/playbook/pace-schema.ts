/** What a play says of its hosts, and of when it goes on. */
import { z } from 'zod';
import { field, requiredField } from './field.ts';
import { ownHooksSchema, playHooksSchema } from './hooks.ts';
import { hostOrder } from './host-order.ts';
import { boolean, durationAboveZero, hostPattern, integer, matching, percentage, serial, text } from './leaves.ts';
import { freezeWindows, onFailure, pause, registryLogins, share, timezone, unreachable } from './pace-leaves.ts';
import { variables } from './variables.ts';

export const deadlineSchema = z.strictObject({
  instance: field(durationAboveZero, {
    description: 'How long an instance may take until its new container is in service; then it is put back.',
    otherwise: 'none',
  }),
  run: field(durationAboveZero, {
    description: 'How long after the plan was confirmed instances may begin.',
    otherwise: 'none',
  }),
});

export const freezeSchema = z.strictObject({
  windows: field(freezeWindows, {
    description:
      'When no run starts and no batch begins: every week, or from one date to another. An end that is only a day is the end of that day.',
    otherwise: 'none',
  }),
  timezone: field(timezone, { description: 'Whose clock counts.', otherwise: "the controller's" }),
});

const variableName = matching('the name of a variable of the hosts', /^[a-zA-Z_][a-zA-Z0-9_]*$/);

/** What is decided once for all hosts. */
export const pace = {
  name: field(text, { description: 'Title of the play.', otherwise: '`hosts`' }),
  hosts: requiredField(hostPattern, { description: "Hosts of the play, in Ansible's patterns." }),
  order: field(hostOrder, {
    description:
      'Order of the hosts: as the pattern has them (`inventory`), by name (`sorted`), either backwards, or by chance, anew in each run (`shuffle`).',
    default: 'inventory',
  }),
  serial: field(serial, {
    description:
      'Hosts that are updated at the same time, or a list of it for the batches in turn; the last one repeats. A percentage is of all hosts of the play, rounded down, at least one.',
    otherwise: '`1`; with `batch_by` all that have one value',
  }),
  window: field(integer('a number of hosts from 1 on', 1), {
    description:
      'Instead of `serial`: so many hosts are in work at any time, and the next one begins as soon as one ends. See docs/pace.md.',
    otherwise: 'batches',
  }),
  batch_by: field(variableName, {
    description:
      'A variable of the hosts, such as a zone: those with one value first, then those with the next, never both in one batch. `serial` then splits each of them.',
    otherwise: 'none',
  }),
  parallelism: field(integer('a number of instances from 1 on', 1), {
    description: 'Instances of one host that are in work at the same time. `min_up` holds all the same.',
    default: '1',
  }),
  throttle: field(integer('a number of instances from 1 on', 1), {
    description: 'Instances of all hosts together that are in work at the same time.',
    otherwise: 'as many as the hosts of a batch have',
  }),
  lockstep: field(boolean, {
    description:
      "No host of a batch goes on to its next container before all have ended the one before: Ansible's `strategy: linear`.",
    default: 'false',
  }),
  max_fail_percentage: field(percentage, {
    description:
      'Hosts of a batch, or of the last `window` that have ended, that may fail, in percent. When more do, `on_failure` says what happens.',
    otherwise: '`0`; beside `max_failures` none',
  }),
  max_failures: field(share, {
    description:
      'Hosts of the whole run that may fail. A percentage is of all hosts of the run. When more do, `on_failure` says what happens.',
  }),
  count_unreachable: field(boolean, {
    description: 'Whether hosts that were skipped as unreachable count for `max_failures`.',
    default: 'true',
  }),
  on_failure: field(onFailure, {
    description:
      'What happens then: `pause` begins no further batch, `rollback` rolls back what the run has updated, in all plays, `continue` goes on until `max_failures`, `ask` asks at the terminal and is `pause` without one.',
    default: 'pause',
  }),
  unreachable: field(unreachable, {
    description:
      'What hosts do that cannot be reached before their turn, or whose Docker or HAProxy takes too long to answer then: `fail` the run, or be left out (`skip`).',
    default: 'fail',
  }),
  unreachable_balancer: field(unreachable, {
    description:
      'What becomes of an HAProxy of `balancer.hosts` that does not answer before the start: it fails the run, or is left out of it (`skip`) if every instance has another one, until it answers again. Only for HAProxys that get no requests then.',
    default: 'fail',
  }),
  deadline: deadlineSchema.optional().meta({ description: 'How long things may take.' }),
  pause: field(pause, {
    description: 'How long to wait between two batches, or before a host that goes on in a `window`, or `ask`.',
    default: '0s',
  }),
  freeze: freezeSchema.optional().meta({ description: 'When nothing is rolled out.' }),
  hooks: playHooksSchema.optional().meta({
    description: 'Commands that are run around the run, its batches and its hosts. See docs/hooks.md.',
  }),
  registries: field(registryLogins, {
    description:
      'Logins for registries: a mapping of `host` or `host:port` to `username` and `password`. Sent with each pull, kept on no host.',
    otherwise: 'those of `docker login` on the controller',
  }),
  vars: field(variables, { description: 'Variables, over those of the inventory and under `-e`.', otherwise: 'none' }),
};

/** The value of the variable that `batch_by` names, on a host. */
export const groupSchema = z.strictObject({
  batch_by: field({ ...text, says: 'a variable with a text or a number on every host' }, { description: '' }),
});

/** Of its hooks those that are decided before there is a host. */
export const paceSchema = z.strictObject(pace).omit({ vars: true }).extend({ hooks: ownHooksSchema.optional() });
