import { describe, expect, it } from 'vitest';
import { statusText } from '../../lab/status.ts';

describe('statusText()', () => {
  it('says whose the lab is, and which inventory has its hosts', () => {
    const host = { name: 'fe1', address: '10.77.0.11', network: 'up' as const, pids: {}, containers: [], servers: [] };
    const lab = { owner: 'a person' as const, inventory: '/var/tmp/lab/inventory.ini', registryPid: 7, hosts: [host] };

    expect(statusText(lab).split('\n').slice(0, 3)).toEqual([
      'brought up by a person, who takes it down',
      'inventory: /var/tmp/lab/inventory.ini',
      'registry: pid 7',
    ]);
  });

  it('says that it is down', () => {
    const lab = { owner: undefined, inventory: '/var/tmp/lab/inventory.ini', registryPid: undefined, hosts: [] };

    expect(statusText(lab)).toBe('The lab is down');
  });
});
