import { describeHostLock } from '../support/contracts/host-lock.ts';
import { FakeLock } from '../support/fake-lock.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describeHostLock('FakeLock', () => {
  const lock = new FakeLock('fe1', new VirtualClock());
  return {
    lock: () => lock,
    die: async () => {
      lock.die();
    },
  };
});
