import { probes } from '../support/contracts/probe.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

probes('FakeHost', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  return { host: await fleet.host('fe1'), port: 8081, closedPort: 8089, end: () => fleet.close() };
});
