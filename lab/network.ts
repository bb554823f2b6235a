import type { Host } from './host.ts';
import { inside } from './host.ts';
import { run, succeeds } from './shell.ts';
import { bridge } from './settings.ts';

export async function makeBridge(): Promise<void> {
  if (!(await succeeds('ip', ['link', 'show', bridge.name]))) {
    await run('ip', ['link', 'add', bridge.name, 'type', 'bridge', 'forward_delay', '0']);
  }
  await run('ip', ['addr', 'replace', bridge.prefix, 'dev', bridge.name]);
  await run('ip', ['link', 'set', bridge.name, 'up']);
}

export async function removeBridge(): Promise<void> {
  await succeeds('ip', ['link', 'del', bridge.name]);
}

/** Gives the host, whose namespaces exist, an address of its own on the bridge. */
export async function plugIn(host: Host): Promise<void> {
  await unplug(host);
  // Always the same MAC address: the machine remembers for a while the one of a host that is made anew.
  const mac = `02:00:0a:4d:00:${(10 + host.number).toString(16).padStart(2, '0')}`;
  const peer = ['peer', 'name', 'eth0', 'address', mac, 'netns', host.namespaces.net];
  await run('ip', ['link', 'add', host.link, 'type', 'veth', ...peer]);
  await run('ip', ['link', 'set', host.link, 'master', bridge.name, 'up']);
  const script = [
    'ip link set lo up',
    `ip addr add ${host.address}/24 dev eth0`,
    'ip link set eth0 up',
    `ip route add default via ${bridge.address}`,
  ].join(' && ');
  await run('nsenter', inside(host, ['sh', '-c', script]));
}

export async function unplug(host: Host): Promise<void> {
  await succeeds('ip', ['link', 'del', host.link]);
}

/** The network of the host fails: packets get lost in both directions and nobody is told. */
export async function cut(host: Host): Promise<void> {
  await run('ip', ['link', 'set', host.link, 'down']);
}

const sshRules = [
  ['INPUT', '-p', 'tcp', '--dport', '22', '-j', 'DROP'],
  ['OUTPUT', '-p', 'tcp', '--sport', '22', '-j', 'DROP'],
] as const;

/** The same of SSH alone, as by a firewall: whoever asks HAProxy notices nothing. */
export async function cutSsh(host: Host): Promise<void> {
  const rules = sshRules.map((rule) => `iptables -w -I ${rule.join(' ')}`);
  await run('nsenter', inside(host, ['sh', '-c', rules.join(' && ')]));
}

/** Undoes `cut` and `cutSsh`, and delays or losses added with `tc qdisc`. */
export async function heal(host: Host): Promise<void> {
  await succeeds('tc', ['qdisc', 'del', 'dev', host.link, 'root']);
  for (const rule of sshRules) {
    while (await succeeds('nsenter', inside(host, ['iptables', '-w', '-D', ...rule])));
  }
  await run('ip', ['link', 'set', host.link, 'up']);
}

/** Also the link of a host that is cut is plugged in. */
export async function isPluggedIn(host: Host): Promise<boolean> {
  const links = await run('ip', ['-o', 'link', 'show', 'master', bridge.name]).catch(() => '');
  return links.includes(` ${host.link}@`);
}

export async function isCut(host: Host): Promise<boolean> {
  return !(await run('ip', ['-o', 'link', 'show', host.link])).includes('UP,LOWER_UP');
}
