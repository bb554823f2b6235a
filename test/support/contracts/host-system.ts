import { afterEach, describe, expect, it } from 'vitest';
import type { HostAccess } from '../../../src/runner/ports/ports.ts';

export interface SystemArrangement {
  readonly host: Pick<HostAccess, 'system'>;
  /** What the clock of the host is to show, as far as is known without asking it. */
  readonly now: () => Date;
  /** Switches the host off and on again. */
  readonly reboot: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What is known of the machine itself. */
export function tellsOfItsSystem(name: string, arrange: () => Promise<SystemArrangement>): void {
  describe(`${name}, of the machine itself`, () => {
    let arranged: SystemArrangement;

    afterEach(() => arranged.end());

    it('tells its clock to the second, and whether we are root', async () => {
      arranged = await arrange();

      const before = arranged.now().getTime();
      const { now, isRoot } = await arranged.host.system();

      expect(now.getTime()).toBeGreaterThan(before - 1_000);
      expect(now.getTime()).toBeLessThanOrEqual(arranged.now().getTime());
      expect(now.getMilliseconds()).toBe(0);
      expect(isRoot).toBe(true);
    });

    it('has one boot id until it is booted again', async () => {
      arranged = await arrange();
      const first = await arranged.host.system();
      const second = await arranged.host.system();

      await arranged.reboot();

      const third = await arranged.host.system();
      expect(first.bootId).not.toBe('');
      expect(second.bootId).toBe(first.bootId);
      expect(third.bootId).not.toBe(first.bootId);
    });
  });
}
