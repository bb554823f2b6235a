import { expect, it } from 'vitest';
import { maintenanceText } from '../../src/report/maintenance.ts';
import { aServer, aServerState } from '../support/builders.ts';

const plain = (_: string, text: string): string => text;

it('maintenanceText() tells what is run, host by host, and what clients see', () => {
  const central = aServerState({ server: aServer('fe1_pxApp_1', 'lb'), weight: 20 });
  const own = aServerState({ server: aServer('pxApp_1', 'fe1') });

  const lines = maintenanceText(
    {
      work: { command: 'apt-get -y upgrade', reboot: 'reboot', containers: 'stop' },
      batches: [[{ host: 'fe1', central: [central], own: [own], running: ['pxApp_1'], stopped: ['pxApp_1'] }]],
      consequences: ['backend pxapp_cluster on fe1 will have no usable server: its clients get 503'],
    },
    plain,
  );

  expect(lines).toEqual([
    'Maintenance: each host is drained, and then',
    '  command  apt-get -y upgrade',
    '  reboot   reboot',
    '  batch 1 of 1: fe1',
    '    fe1  pxapp_cluster/fe1_pxApp_1 on lb  weight 20 UP 0 sessions',
    '    fe1  pxapp_cluster/pxApp_1            weight 10 UP 0 sessions',
    '    fe1  stopped meanwhile: pxApp_1',
    '  meanwhile: backend pxapp_cluster on fe1 will have no usable server: its clients get 503',
    '  1 host, 2 servers',
  ]);
});
