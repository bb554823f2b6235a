/** HAProxy configurations for hosts of the lab: the examples with lines of them changed. */
import { changedCopy } from './changed-copy.ts';
import type { Change } from './edited.ts';

/** With one server for each container; nothing is sent twice. */
export const LAB = 'haproxy/haproxy.cfg.example';

/** With two servers for each container; what cannot connect, or got no answer, is sent elsewhere. */
export const SLOTS = 'haproxy/slots.cfg.example';

/** With two servers for each container; nothing is sent twice, and no request that failed keeps another from its server. */
export const UNFORGIVING_SLOTS = changedCopy(SLOTS, [
  ['retries 3', 'retries 0'],
  ['    option redispatch 1\n', ''],
  ['    retry-on conn-failure empty-response\n', ''],
  [' observe layer4 error-limit 1 on-error mark-down', ''],
]);

/** What the worker that a reload begins needs to lose nothing: one of these two. */
export const WITH_STATES: readonly Change[] = [
  ['\nglobal\n', '\nglobal\n    server-state-file /etc/haproxy/servers.state\n'],
  ['\nbackend pxapp_cluster\n', '\nbackend pxapp_cluster\n    load-server-state-from-file global\n'],
];
export const WITH_RETRIES: readonly Change[] = [
  ['retries 0', 'retries 3\n    option redispatch 1\n    retry-on conn-failure empty-response'],
  ['fall 2\n', 'fall 2 observe layer4 error-limit 1 on-error mark-down\n'],
];

/** Nothing is sent twice, and a reload brings none of the free slots into service. */
export const UNFORGIVING_SLOTS_WITH_STATES = changedCopy(UNFORGIVING_SLOTS, WITH_STATES);

/** What is balanced is connections, whatever is said on them; those that are idle belong to one client. */
export const IN_TCP_MODE: readonly Change[] = [
  ['mode http', 'mode tcp'],
  ['    http-reuse always\n', ''],
  ['    timeout http-keep-alive 60s\n', ''],
];
