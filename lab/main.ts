import type { DaemonName } from './daemons.ts';
import { daemonNames } from './daemons.ts';
import { cut, cutSsh, heal, hostNamed, hosts, kill, labDown, labDownIf } from './lab.ts';
import { labReset, labUp, powerOff, powerOn, reload, start } from './lab.ts';
import { loadCommand } from './load/cli.ts';
import type { Options } from './options.ts';
import { numberOf, parse, settingsOf } from './options.ts';
import { inventoryFile } from './inventory.ts';
import { isLeftBehind } from './owner.ts';
import { runHere } from './shell.ts';
import { sshOptions } from './ssh.ts';
import { statusOf, statusText } from './status.ts';

const usage = `A throw-away fleet of real hosts (HAProxy, Docker, SSH) on this machine. Needs root, and Debian.

lab up [HOSTS=3] [APPS=3]   bring it up from whatever there is; and back to this after a change of options
    --weights 10,20,30      configured HAProxy weights     --app-delay 500   ms until the application listens
    --version v1            image of the containers        --haproxy FILE    another configuration template
    --no-healthchecks       containers that are only known to be well by what is asked of them
    --no-stream-local       an sshd that forwards no unix sockets
lab reset [HOSTS] [APPS]    back to what \`up\` made, with other options if any are given
lab status [--json]         what runs
lab load [--seconds N]      traffic until then, or until Ctrl-C; exit status 1 when a request failed
    --hosts fe1,fe2  --rate 700 (requests/s in all)  --connections 8 (per host)  --json  --report FILE
lab cut|heal HOST           network off, on; \`cut HOST ssh\`: only SSH, requests go on
lab off|on HOST             power off; on: it boots with what is on its disk
lab kill|start HOST sshd|dockerd|haproxy
lab reload HOST             reload of HAProxy
lab ssh HOST [COMMAND...]   a shell, or a command, on a host
lab down [--keep-images]    remove everything; or all but the published images
    --left-behind           only if tests or a benchmark that were killed have left it`;

type Command = (values: Options, args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  up: async (values, args) => {
    const status = await timed('up', labUp(settingsOf(values, args)));
    console.log(`inventory: ${inventoryFile}`);
    return status;
  },
  reset: async (values, args) => await timed('reset', labReset(settingsOf(values, args))),
  down: async (values) => {
    const how = { keepImages: values['keep-images'] ?? false };
    if (values['left-behind'] !== true) return await timed('down', labDown(how));
    if (await labDownIf(isLeftBehind, how)) console.log('lab down: a run that was killed had left it');
    return 0;
  },
  status: async (values) => {
    const status = await statusOf(hosts());
    console.log(values.json === true ? JSON.stringify(status, null, 2) : statusText(status));
    return 0;
  },
  load: async (values) => await loadCommand(loadOf(values)),
  cut: async (_, [host, what]) => await done((what === 'ssh' ? cutSsh : cut)(hostNamed(host ?? ''))),
  heal: async (_, [host]) => await done(heal(hostNamed(host ?? ''))),
  off: async (_, [host]) => await done(powerOff(hostNamed(host ?? ''))),
  on: async (_, [host]) => await done(powerOn(hostNamed(host ?? ''))),
  kill: async (_, [host, daemon]) => await done(kill(hostNamed(host ?? ''), daemonNamed(daemon))),
  start: async (_, [host, daemon]) => await done(start(hostNamed(host ?? ''), daemonNamed(daemon))),
  reload: async (_, [host]) => await done(reload(hostNamed(host ?? ''))),
};

async function main([name = 'help', ...args]: readonly string[]): Promise<number> {
  // Everything after the host is the remote command's, options too.
  if (name === 'ssh') return await ssh(args);
  const command = commands[name];
  if (command !== undefined) {
    const { values, positionals } = parse(args);
    return await command(values, positionals);
  }
  console.log(usage);
  return name === 'help' || name === '--help' ? 0 : 2;
}

async function ssh([host = '', ...command]: readonly string[]): Promise<number> {
  return await runHere('ssh', [...sshOptions(), `root@${hostNamed(host).address}`, ...command]);
}

function loadOf(values: Options) {
  const { rate, connections, seconds, report, json = false } = values;
  const targets = values.hosts === undefined ? hosts() : values.hosts.split(',').map(hostNamed);
  if (targets.length === 0) throw new Error('Cannot send load: the lab is down');
  const options = {
    targets,
    ...(rate !== undefined && { requestsPerSecond: numberOf('--rate', rate, { from: 1 }) }),
    ...(connections !== undefined && { connections: numberOf('--connections', connections, { from: 1 }) }),
  };
  return { options, isJson: json, report, seconds: seconds === undefined ? undefined : numberOf('--seconds', seconds) };
}

function daemonNamed(name: string | undefined): DaemonName {
  const daemon = daemonNames.find((candidate) => candidate === name);
  if (daemon === undefined)
    throw new Error(`Cannot use daemon ${name ?? ''}: it must be one of ${daemonNames.join(', ')}`);
  return daemon;
}

async function timed(what: string, work: Promise<unknown>): Promise<number> {
  const beganAt = performance.now();
  await work;
  console.log(`lab ${what}: ${((performance.now() - beganAt) / 1000).toFixed(1)} s`);
  return 0;
}

async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
