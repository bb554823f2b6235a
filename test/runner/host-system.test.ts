import { tellsOfItsSystem } from '../support/contracts/host-system.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

tellsOfItsSystem('FakeHost', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  const host = await fleet.host('fe1');
  return {
    host,
    now: () => fleet.clock.date(),
    reboot: async () => {
      host.bootId = 'second-boot';
    },
    end: async () => undefined,
  };
});
