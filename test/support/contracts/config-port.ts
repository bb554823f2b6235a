import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Server } from '../../../src/rollout/model.ts';
import type { ConfigPort, PushRecord, PushRecords, Standings } from '../../../src/runner/ports/config-port.ts';
import type { LoadBalancer } from '../../../src/runner/ports/ports.ts';

/** An HAProxy whose servers pxApp_1 to pxApp_3 are UP at the weights 10, 20 and 30 of its configuration. */
export interface Arrangement {
  readonly file: ConfigPort;
  readonly records: PushRecords;
  readonly balancer: LoadBalancer;
  readonly servers: readonly [Server, Server, Server];
  /** The same configuration with something to tell it by. */
  changed(text: string): string;
  /** The same with something that HAProxy does not understand. */
  broken(text: string): string;
  end(): Promise<void>;
}

/** What every ConfigPort must do, with the records of its pushes. */
export function behavesLikeAConfigPort(name: string, arrange: () => Promise<Arrangement>): void {
  describe(`${name} behaves like the configuration of an HAProxy`, () => {
    let at: Arrangement;
    let original: string;
    beforeAll(async () => {
      at = await arrange();
      original = (await at.file.read()) ?? '';
    });
    beforeEach(async () => {
      await at.file.put(original);
      await reloaded();
    });
    afterAll(async () => {
      await at.end();
    });

    /** As the next worker has it. */
    async function reloaded(): Promise<Standings> {
      const { pid } = await at.file.standings();
      expect(await at.file.reload(pid)).toMatchObject({ ok: true });
      for (;;) {
        const now = await at.file.standings();
        if (now.pid !== pid) return now;
      }
    }

    const wordsOf = ({ servers }: Standings): readonly string[] =>
      servers
        .filter(({ server }) => server.name.startsWith('pxApp_'))
        .map(({ server, weight, admin, configuredWeight }) => `${server.name} ${weight}/${configuredWeight} ${admin}`);
    const AS_CONFIGURED = ['pxApp_1 10/10 ready', 'pxApp_2 20/20 ready', 'pxApp_3 30/30 ready'];
    const AS_SET = ['pxApp_1 0/10 ready', 'pxApp_2 20/20 maint', 'pxApp_3 30/30 ready'];

    async function setTwo(): Promise<void> {
      await at.balancer.setWeight(at.servers[0], 0);
      await at.balancer.setAdmin(at.servers[1], 'maint');
    }

    it('tells how its servers stand, in the worker that answers', async () => {
      expect(wordsOf(await at.file.standings())).toEqual(AS_CONFIGURED);
      await setTwo();
      expect(wordsOf(await at.file.standings())).toEqual(AS_SET);
    });

    it('has its servers as configured after a reload', async () => {
      await setTwo();
      expect(wordsOf(await reloaded())).toEqual(AS_CONFIGURED);
    });

    it('has them as they stood after one by the passage, from the first moment on', async () => {
      await setTwo();
      const to = at.changed(original);
      const passage = await at.file.passage(original, to, await at.file.standings());
      if (!passage) throw new Error('two servers stand apart');
      expect(await at.file.refusal(passage.text)).toBeUndefined();

      await at.file.put(passage.text, passage.state);
      const now = await reloaded();
      await at.file.put(to);
      await at.file.tidy();

      expect(wordsOf(now)).toEqual(AS_SET);
      expect(await at.file.read()).toBe(to);
    });

    it('has no passage where all stand as configured', async () => {
      expect(await at.file.passage(original, at.changed(original), await at.file.standings())).toBeUndefined();
    });

    it('says what it has against a text, and leaves the file', async () => {
      expect(await at.file.refusal(at.changed(original))).toBeUndefined();
      expect(await at.file.refusal(at.broken(original))).toMatch(/unknown keyword/);
      expect(await at.file.read()).toBe(original);
    });

    it('puts back what it has kept', async () => {
      await at.file.backUp();
      await at.file.put(at.changed(original));
      expect(await at.file.backedUp()).toBe(original);
      expect(await at.file.read()).toBe(at.changed(original));
      await at.file.putBack();
      expect(await at.file.read()).toBe(original);
    });

    it('can say how it is reloaded, and that no reload has failed', async () => {
      expect(await at.file.way()).not.toBe('');
      expect([0, undefined]).toContain(await at.file.failedReloads());
    });

    it('keeps the record of a push until it is dropped', async () => {
      const { pid, servers } = await at.file.standings();
      const record: PushRecord = { path: '/h.cfg', by: 'bob@laptop', run: 'r', at: '2026', pid, servers };
      expect(await at.records.read()).toBeUndefined();
      await at.records.write(record);
      expect(await at.records.read()).toEqual(record);
      await at.records.drop();
      expect(await at.records.read()).toBeUndefined();
    });
  });
}
