import type { HostMaintenance, MaintenancePlan } from '../rollout/maintenance.ts';
import { serverPath } from '../rollout/model.ts';
import type { ServerState } from '../rollout/observed.ts';
import { count } from '../rollout/count.ts';
import { columns } from './columns.ts';
import type { Paint } from './paint.ts';

/** What a maintenance will do, batch by batch. */
export function maintenanceText({ work, batches, consequences }: MaintenancePlan, paint: Paint): string[] {
  const hosts = batches.flat();
  const lines = batches.flatMap((batch, index) => [
    paint('strong', `  batch ${index + 1} of ${batches.length}: ${batch.map(({ host }) => host).join(', ')}`),
    ...columns(batch.flatMap((host) => serversOf(host))).map((line) => `    ${line}`),
    ...batch.flatMap(({ host, stopped }) =>
      stopped.length === 0 ? [] : [`    ${host}  stopped meanwhile: ${stopped.join(', ')}`],
    ),
  ]);
  return [
    paint('strong', 'Maintenance: each host is drained, and then'),
    ...(work.command === undefined ? [] : [`  command  ${work.command}`]),
    ...(work.reboot === undefined ? [] : [`  reboot   ${work.reboot}`]),
    ...lines,
    ...consequences.map((text) => paint('warning', `  meanwhile: ${text}`)),
    `  ${count(hosts.length, 'host')}, ${count(hosts.flatMap(({ central, own }) => [...central, ...own]).length, 'server')}`,
  ];
}

function serversOf({ host, central, own }: HostMaintenance): string[][] {
  const row = ({ server, weight, status, current, queued }: ServerState): string[] => {
    const where = server.balancer.host === host ? '' : ` on ${server.balancer.host}`;
    return [host, `${serverPath(server)}${where}`, `weight ${weight} ${status} ${count(current + queued, 'session')}`];
  };
  return [...central, ...own].map(row);
}
