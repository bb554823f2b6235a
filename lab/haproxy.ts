import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { basename, isAbsolute } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Host } from './host.ts';
import type { LabSettings } from './settings.ts';

/**
 * The HAProxy that hosts run: another one than Debian's where SLUICE_LAB_HAPROXY names it. What it needs of its own
 * must be in its folder, which containers with an HAProxy get, too.
 */
export function haproxyProgram(environment: NodeJS.ProcessEnv = process.env): string {
  const program = environment['SLUICE_LAB_HAPROXY'] ?? '';
  if (program === '') return '/usr/sbin/haproxy';
  // Daemons are known by the kernel's name of their program.
  if (isAbsolute(program) && basename(program) === 'haproxy') return program;
  throw new Error(`Cannot use SLUICE_LAB_HAPROXY=${program}: it must be the whole path of a program named haproxy`);
}

/**
 * Whether it has `option idle-close-on-response`. 2.4.0 has not: there a reload fails requests that are just sent on idle
 * connections, whoever asks for it.
 */
export function knowsIdleClose(): boolean {
  return !/version 2\.4\.0\b/.test(execFileSync(haproxyProgram(), ['-v'], { encoding: 'utf8' }));
}

/** One server of `show servers state`. */
export interface ServerState {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  /** As HAProxy has it: 0 stopped, 1 starting, 2 running, 3 stopping. */
  readonly operation: number;
  /** Bits: 0 means that nobody forced maintenance or drain. */
  readonly admin: number;
  readonly weight: number;
  readonly configuredWeight: number;
}

/** The configuration of one host: see the placeholders in haproxy/haproxy.cfg.example. */
export function renderHaproxy(
  template: string,
  host: Pick<Host, 'address'>,
  settings: Pick<LabSettings, 'apps' | 'weights'>,
): string {
  const ids = Array.from({ length: settings.apps }, (_, index) => index + 1);
  return template
    .replace(/^[^#\n]*$/gm, (line) => line.replaceAll('{address}', host.address))
    .split('\n')
    .flatMap((line) =>
      line.includes('{id}') && !line.startsWith('#') ? ids.map((id) => serverLine(line, id, settings.weights)) : [line],
    )
    .join('\n');
}

function serverLine(line: string, id: number, weights: readonly number[]): string {
  const weight = weights[(id - 1) % weights.length] ?? 1;
  return line
    .replaceAll('{id}', String(id))
    .replaceAll('{port}', String(portOf(id)))
    .replaceAll('{weight}', String(weight));
}

/** The port of the host's loopback that the container with this number publishes. */
export function portOf(id: number): number {
  return 8080 + id;
}

/** Runs one command, or several separated by `;`, on the stats socket of the host's HAProxy. */
export async function runtime(host: Host, command: string, withinMs = 5_000): Promise<string> {
  return ask(host, host.haproxySocket, { command, withinMs });
}

/** The same on the socket of its master. */
export async function masterRuntime(host: Host, command: string, withinMs = 5_000): Promise<string> {
  return ask(host, host.haproxyMasterSocket, { command, withinMs });
}

async function ask(
  host: Host,
  path: string,
  { command, withinMs }: { readonly command: string; readonly withinMs: number },
): Promise<string> {
  const socket = connect(path);
  socket.setTimeout(withinMs, () => {
    socket.destroy(new Error(`Cannot ask the HAProxy of ${host.name} "${command}": no answer within ${withinMs} ms`));
  });
  // No half-close: HAProxy drops an answer it has not begun when the client's end is closed.
  socket.write(`${command}\n`);
  return (await buffer(socket)).toString().trim();
}

export async function serverStates(host: Host): Promise<readonly ServerState[]> {
  return parseServerStates(await runtime(host, 'show servers state'));
}

/** @see management guide of HAProxy, "show servers state", format 1 */
export function parseServerStates(text: string): readonly ServerState[] {
  const [, header = '', ...lines] = text.split('\n');
  const columns = header.replace(/^# /, '').split(' ');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
      return {
        backend: field('be_name'),
        name: field('srv_name'),
        address: `${field('srv_addr')}:${field('srv_port')}`,
        operation: Number(field('srv_op_state')),
        admin: Number(field('srv_admin_state')),
        weight: Number(field('srv_uweight')),
        configuredWeight: Number(field('srv_iweight')),
      };
    });
}

/**
 * Undoes what was changed at runtime: states, weights and paused health checks are as configured again. That the server
 * of a container is UP is to be checked anew: the container may just have been made.
 */
export async function resetServers(host: Host, apps: number): Promise<void> {
  for (const { backend, name, address, configuredWeight } of await serverStates(host)) {
    const server = `${backend}/${name}`;
    const commands = [
      `set server ${server} state ready`,
      `enable health ${server}`,
      `set server ${server} weight ${configuredWeight}`,
      ...(hasContainer(address, apps) ? [`set server ${server} health down`] : []),
    ];
    await runtime(host, commands.join('; '));
  }
}

/**
 * True when every server takes requests with its configured weight, else what is missing. `apps`: how many containers
 * there are behind the others; a server at any other port has none, and need not be up.
 */
export async function areServersUp(host: Host, apps: number): Promise<true | string> {
  const wrong = (await serverStates(host)).filter(
    ({ address, operation, admin, weight, configuredWeight }) =>
      (operation !== 2 && hasContainer(address, apps)) || admin !== 0 || weight !== configuredWeight,
  );
  return (
    wrong.length === 0 ||
    wrong.map(({ name, operation, admin }) => `${name} is in state ${operation}/${admin}`).join(', ')
  );
}

function hasContainer(address: string, apps: number): boolean {
  const id = Number(address.split(':').at(-1)) - portOf(0);
  return id >= 1 && id <= apps;
}
