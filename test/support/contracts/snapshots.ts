import { describe, expect, it } from 'vitest';
import { arranged, refusal, type Arrange } from './containers.ts';

/** What every Containers must do to make a container again as it was. */
export function takesSnapshots(who: string, arrange: Arrange): void {
  describe(`${who} takes snapshots of containers`, () => {
    const { at, newName } = arranged(arrange);
    const restart = { name: 'on-failure', maximumRetryCount: 3 };

    const created = async (user = '0'): Promise<string> => {
      const name = newName();
      await at().containers.create(name, { ...at().spec, user, restart }, undefined);
      return name;
    };

    it('that are equal for containers created alike, and for no others', async () => {
      const { containers } = at();
      const [one, same, other] = [await created(), await created(), await created('1')];

      const snapshot = await containers.snapshot(one);

      expect(await containers.snapshot(same)).toBe(snapshot);
      expect(await containers.snapshot(other)).not.toBe(snapshot);
      expect(await containers.isAsIn(same, snapshot)).toBe(true);
      expect(await containers.isAsIn(other, snapshot)).toBe(false);
    });

    it('that are the same whether it runs, and under whatever name', async () => {
      const { containers } = at();
      const [name, aside] = [await created(), newName()];
      const snapshot = await containers.snapshot(name);

      await containers.start(name);
      await containers.rename(name, aside);

      expect(await containers.snapshot(aside)).toBe(snapshot);
    });

    it('from which it is made again when it is gone, without being started', async () => {
      const { containers, spec } = at();
      const name = await created();
      const before = await containers.inspect(name);
      const snapshot = await containers.snapshot(name);
      await containers.remove(name);

      await containers.createFrom(name, snapshot);

      const again = await containers.inspect(name);
      expect(again).toMatchObject({ name, running: false, restart, image: before?.image });
      expect(again?.image.reference).toBe(spec.image);
      expect(again?.id).not.toBe(before?.id);
      expect(await containers.snapshot(name)).toBe(snapshot);
      expect(await containers.changes(name, { ...spec, user: '0', restart })).toEqual([]);
    });

    it('that tell of another restart policy', async () => {
      const { containers } = at();
      const name = await created();
      const snapshot = await containers.snapshot(name);

      await containers.setRestart(name, { name: 'no', maximumRetryCount: 0 });

      expect(await containers.isAsIn(name, snapshot)).toBe(false);
    });

    it('and refuses what is not there, is no snapshot, or has a name that is taken', async () => {
      const { containers } = at();
      const name = await created();
      const snapshot = await containers.snapshot(name);

      await expect(containers.snapshot(newName())).rejects.toMatchObject(refusal);
      await expect(containers.isAsIn(newName(), snapshot)).rejects.toMatchObject(refusal);
      await expect(containers.createFrom(newName(), 'no snapshot')).rejects.toMatchObject(refusal);
      await expect(containers.createFrom(name, snapshot)).rejects.toMatchObject(refusal);
    });

    it('and refuses to make one whose image is gone', async () => {
      const { containers, spec } = at();
      const snapshot = await containers.snapshot(await created());
      const { id } = (await containers.image(spec.image)) ?? { id: '' };
      const other = newName();

      const gone = snapshot.replaceAll(id, `${id.slice(0, -4)}dead`);

      await expect(containers.createFrom(other, gone)).rejects.toMatchObject(refusal);
      expect(await containers.inspect(other)).toBeUndefined();
    });
  });
}
