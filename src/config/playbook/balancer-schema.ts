/** How the HAProxys in front of containers, and of whole hosts, are written down. */
import { z } from 'zod';
import { backends, serverNameOrDiscover, statsSocket } from './balancer-leaves.ts';
import { field, requiredField } from './field.ts';
import { hostPattern, matching, minUp, text } from './leaves.ts';

export const containerName = matching(
  'a container name: letters, digits, "_", "." and "-", two or more, beginning with a letter or a digit',
  /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
);
const socketPath = matching('an absolute path', /^\//);

export const configSchema = z.strictObject({
  template: requiredField(text, {
    description:
      "Template of HAProxy's configuration, in Jinja2's language: a file on the controller, beside the playbook. See docs/haproxy-config.md.",
  }),
  path: field(socketPath, {
    description: 'The file that it becomes, as HAProxy sees it: in `container`, where that is said.',
    default: '/etc/haproxy/haproxy.cfg',
  }),
  reload: field(text, {
    description: 'Command for the shell of the host that reloads HAProxy, such as `systemctl reload haproxy`.',
    otherwise: "`reload` to the master's socket, or else SIGUSR2 to the master",
  }),
});

const place = {
  socket: field(statsSocket, {
    description:
      "HAProxy's stats socket: its path on the host, or an address as seen from the host, such as `ipv4@127.0.0.1:9999`.",
    default: '/var/run/haproxy.sock',
  }),
  container: field(containerName, {
    description: 'The container that HAProxy runs in. `socket` and `master_socket` are paths in it then.',
    otherwise: 'HAProxy runs on the host itself',
  }),
  master_socket: field(socketPath, {
    description: "Path of HAProxy's master socket (`haproxy -S`): it counts what old workers still have.",
    otherwise: 'where it is by custom, if there is one',
  }),
};

export const frontSchema = z.strictObject({
  hosts: requiredField(hostPattern, {
    description:
      "Hosts of the HAProxys in front, in Ansible's patterns. Each of them has a server for each host of the play.",
  }),
  ...place,
  backend: requiredField(backends, {
    description: 'Backend that holds the servers, or a list of several that have one of the same name.',
  }),
  server: field(serverNameOrDiscover, {
    description: "Name of the host's server there. `discover`: the one that sends requests to an address of the host.",
    otherwise: '`{{ inventory_hostname }}`',
  }),
  min_up: field(minUp, {
    description:
      'Servers of that backend that must stay usable while hosts are away. A percentage is of all its servers, rounded up.',
    default: '1',
  }),
});

const balancer = {
  hosts: field(hostPattern, {
    description:
      "Hosts of central HAProxys, in Ansible's patterns: each of them has the container's server, and each lets go of it before the container stops.",
    otherwise: "the container's own host",
  }),
  ...place,
  config: configSchema.optional().meta({
    description: 'The configuration of that HAProxy, for `sluice haproxy render`, `diff` and `push`.',
    otherwise: 'not ours',
  }),
  backend: field(backends, {
    description: 'Backend that holds the servers, or a list of several that each have one.',
    otherwise: 'required, here or in the play',
  }),
  min_up: field(minUp, {
    description:
      'Servers of the backend that must stay usable while one is away. A percentage is of all its servers, rounded up.',
    default: '1',
  }),
};

/** What an app may say of it. */
export const balancerSchema = z
  .strictObject(balancer)
  .meta({ unsupported: { front: 'it is about the whole host: say it in the play' } });

/** What a play may. */
export const playBalancerSchema = z.strictObject({
  ...balancer,
  front: frontSchema.optional().meta({
    description:
      "A tier of HAProxys in front of the host's own. The whole host is drained there before its first container is touched, and put back after the last one. See docs/haproxy.md.",
    otherwise: 'none',
  }),
});
