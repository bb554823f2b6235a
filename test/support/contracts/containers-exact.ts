import { describe, expect, it } from 'vitest';
import { arranged, never, refusal, type Arrange } from './containers.ts';

/** The rest of it, which a fake may leave out as long as no test of the runner comes across it. */
export function isExactAboutContainers(who: string, arrange: Arrange): void {
  describe(`${who} is exact about containers`, () => {
    const { at, newName } = arranged(arrange);

    const created = async (): Promise<string> => {
      const name = newName();
      await at().containers.create(name, at().spec, undefined);
      return name;
    };

    it('has one status and no health before the first start', async () => {
      expect(await at().containers.inspect(await created())).toMatchObject({ status: 'created', health: 'none' });
    });

    it('has no log before the first start', async () => {
      expect(await at().containers.logs(await created(), 10)).toEqual([]);
    });

    it('refuses a model that is not there', async () => {
      await expect(at().containers.create(newName(), at().spec, newName())).rejects.toMatchObject(refusal);
    });

    it('refuses to compare what is not there', async () => {
      await expect(at().containers.changes(newName(), at().spec)).rejects.toMatchObject(refusal);
    });

    it('refuses to run a command where nothing runs', async () => {
      await expect(at().containers.exec(await created(), ['true'], 5_000)).rejects.toMatchObject(refusal);
      await expect(at().containers.exec(newName(), ['true'], 5_000)).rejects.toMatchObject(refusal);
    });

    it('runs the command that is asked for, and tells its exit status and output', async () => {
      const name = await created();
      await at().containers.start(name);

      const result = await at().containers.exec(name, ['sh', '-c', 'echo out; exit 3'], 5_000);

      expect(result).toEqual({ exitCode: 3, output: 'out\n' });
    });

    it('does not pull what must never be pulled', async () => {
      const { containers, missingImage } = at();

      await expect(containers.pull({ reference: missingImage, policy: 'never', signal: never })).rejects.toMatchObject(
        refusal,
      );
    });
  });
}
