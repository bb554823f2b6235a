import { beforeAll } from 'vitest';
import { FileRecord } from '../../../src/adapters/host/record.ts';
import { keepsARecord } from '../../support/contracts/host-record.ts';
import { probes } from '../../support/contracts/probe.ts';
import { labFleet, labLink } from '../../support/lab-fleet.ts';
import { own, resetOwn } from '../../support/own-host.ts';

beforeAll(() => resetOwn());

keepsARecord('a host over SSH', async () => {
  const links = [labLink(own)];
  const [link] = links;
  const record = '/var/lib/sluice/record';
  return {
    record: () => {
      const another = labLink(own);
      links.push(another);
      return new FileRecord(another);
    },
    tear: async () => {
      await link?.run(`printf '{ "schema": 1, "ent' > ${record}.json`);
    },
    forbid: undefined,
    end: async () => {
      await link?.run(`rm -f ${record}.json ${record}.order`);
      await Promise.all(links.map((one) => one.close()));
    },
  };
});

probes('a host over SSH', async () => {
  const fleet = labFleet();
  return { host: await fleet.host(own), port: 8081, closedPort: 8999, end: () => fleet.close() };
});
