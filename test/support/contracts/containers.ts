import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Conflict } from '../../../src/errors.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import type { Containers } from '../../../src/runner/ports/ports.ts';

export interface Arrangement {
  readonly containers: Containers;
  /** Makes a container whose application answers some time after each start. Its image is on the host. */
  readonly spec: ContainerSpec;
  /** A reference that no registry has. */
  readonly missingImage: string;
  /** A name that no container has; containers that have one are removed after each test. */
  readonly newName: () => string;
  readonly until: (isDone: () => Promise<boolean>) => Promise<void>;
  end(): Promise<void>;
}

export const never = new AbortController().signal;
export const refusal = { name: 'Failure', code: 'docker' };

export type Arrange = () => Promise<Arrangement>;

export function arranged(arrange: Arrange): { readonly at: () => Arrangement; readonly newName: () => string } {
  let at: Arrangement | undefined;
  const names: string[] = [];
  const current = (): Arrangement => {
    if (!at) throw new Error('nothing is arranged yet');
    return at;
  };
  beforeAll(async () => {
    at = await arrange();
  });
  afterEach(async () => {
    await Promise.all(names.splice(0).map((name) => current().containers.remove(name)));
  });
  afterAll(() => at?.end());
  return {
    at: current,
    newName: () => {
      const name = current().newName();
      names.push(name);
      return name;
    },
  };
}

/** What every Containers must do. Run against the fake in the unit tests and against Docker in the fleet tests. */
export function behavesLikeContainers(who: string, arrange: Arrange): void {
  describe(`${who} behaves like the containers of a host`, () => {
    const { at, newName } = arranged(arrange);

    const started = async (): Promise<string> => {
      const name = newName();
      await at().containers.create(name, at().spec, undefined);
      await at().containers.start(name);
      return name;
    };

    it('has a version', async () => {
      expect(await at().containers.version()).toMatch(/^\d+\.\d+/);
    });

    it('knows no container that was not created', async () => {
      const name = newName();

      expect(await at().containers.inspect(name)).toBeUndefined();
      expect((await at().containers.list()).map((one) => one.name)).not.toContain(name);
    });

    it('creates without starting, from the image asked for', async () => {
      const { containers, spec } = at();
      const name = newName();

      await containers.create(name, spec, undefined);

      const container = await containers.inspect(name);
      expect(container).toMatchObject({ name, running: false, restartCount: 0, restart: { name: 'no' } });
      expect(container?.image).toEqual({ reference: spec.image, ...(await containers.image(spec.image)) });
      expect(await containers.list()).toContainEqual(container);
    });

    it('refuses a name that is taken, and leaves who has it alone', async () => {
      const name = await started();
      const before = await at().containers.inspect(name);

      await expect(at().containers.create(name, at().spec, undefined)).rejects.toMatchObject(refusal);

      expect((await at().containers.inspect(name))?.id).toBe(before?.id);
    });

    it('refuses to create from an image that does not exist', async () => {
      const spec = { ...at().spec, image: at().missingImage };
      const name = newName();

      await expect(at().containers.create(name, spec, undefined)).rejects.toMatchObject(refusal);
      expect(await at().containers.inspect(name)).toBeUndefined();
    });

    it('starts, and has nothing to do for what runs', async () => {
      const { containers } = at();
      const name = await started();
      const first = await containers.inspect(name);
      expect(first).toMatchObject({ running: true, status: 'running', restartCount: 0 });

      await containers.start(name);

      expect(await containers.inspect(name)).toMatchObject({ id: first?.id, startedAt: first?.startedAt });
    });

    it('is healthy once the application answers, not before', async () => {
      const { containers, until } = at();
      const name = await started();
      expect((await containers.inspect(name))?.health).toBe('starting');

      await until(async () => (await containers.inspect(name))?.health !== 'starting');

      expect((await containers.inspect(name))?.health).toBe('healthy');
      expect(await containers.exec(name, ['sh', '-c', 'exit 0'], 5_000)).toEqual({ exitCode: 0, output: '' });
    });

    it('gives a command its time, and no more', async () => {
      const running = at().containers.exec(await started(), ['sleep', '60'], 50);

      await expect(running).rejects.toMatchObject({ name: 'Failure', code: 'late' });
    });

    it('stops, and has nothing to do for what does not run', async () => {
      const { containers, spec } = at();
      const name = await started();

      await containers.stop(name);
      await containers.stop(name);

      expect(await containers.inspect(name)).toMatchObject({ running: false, status: 'exited', restartCount: 0 });
      const fresh = newName();
      await containers.create(fresh, spec, undefined);
      await containers.stop(fresh);
      expect(await containers.inspect(fresh)).toMatchObject({ running: false });
    });

    it('starts again as the same container at another time', async () => {
      const { containers, until } = at();
      const name = await started();
      const before = await containers.inspect(name);
      await containers.stop(name);
      await containers.start(name);

      const after = await containers.inspect(name);
      expect(after).toMatchObject({ id: before?.id, running: true, restartCount: 0 });
      expect(after?.startedAt).not.toBe(before?.startedAt);
      await until(async () => (await containers.inspect(name))?.health === 'healthy');
    });

    it('keeps everything but the name when it is renamed, also while it runs', async () => {
      const { containers } = at();
      const name = await started();
      const before = await containers.inspect(name);
      const aside = newName();

      await containers.rename(name, aside);

      expect(await containers.inspect(name)).toBeUndefined();
      expect(await containers.inspect(aside)).toMatchObject({
        ...{ name: aside, id: before?.id, startedAt: before?.startedAt, running: true },
      });
    });

    it('lets the name of a renamed container be taken', async () => {
      const { containers, spec } = at();
      const name = await started();
      const old = await containers.inspect(name);
      const aside = newName();
      await containers.rename(name, aside);

      await containers.create(name, spec, aside);

      expect((await containers.inspect(name))?.id).not.toBe(old?.id);
      expect((await containers.inspect(aside))?.id).toBe(old?.id);
    });

    it('refuses to rename to a name that is taken', async () => {
      const { containers } = at();
      const [one, other] = [await started(), await started()];

      await expect(containers.rename(one, other)).rejects.toBeInstanceOf(Conflict);

      expect((await containers.inspect(one))?.running).toBe(true);
    });

    it('removes what runs too, and has nothing to do for what is not there', async () => {
      const { containers } = at();
      const name = await started();

      await containers.remove(name);
      await containers.remove(name);

      expect(await containers.inspect(name)).toBeUndefined();
    });

    it('sets a restart policy, which leaves what runs running', async () => {
      const { containers } = at();
      const name = await started();
      const before = await containers.inspect(name);

      for (const restart of [
        { name: 'on-failure', maximumRetryCount: 3 },
        { name: 'always', maximumRetryCount: 0 },
        { name: 'no', maximumRetryCount: 0 },
      ]) {
        await containers.setRestart(name, restart);
        expect(await containers.inspect(name)).toMatchObject({ restart, startedAt: before?.startedAt, running: true });
      }
    });

    it('does not start what was stopped, whatever its restart policy', async () => {
      const { containers } = at();
      const name = await started();
      await containers.setRestart(name, { name: 'always', maximumRetryCount: 0 });

      await containers.stop(name);

      expect(await containers.inspect(name)).toMatchObject({ running: false, restart: { name: 'always' } });
    });

    it('gives a container what its model has where nothing is declared, and what is declared elsewhere', async () => {
      const { containers, spec } = at();
      const [model, same, other] = [newName(), newName(), newName()];
      const restart = { name: 'always', maximumRetryCount: 0 };
      await containers.create(model, { ...spec, user: '0', restart }, undefined);

      await containers.create(same, { image: spec.image, pullPolicy: 'never' }, model);
      await containers.create(other, { ...spec, user: '1', restart: { ...restart, name: 'no' } }, model);

      expect(await containers.changes(same, { ...spec, user: '0' })).toEqual([]);
      expect((await containers.inspect(same))?.restart).toEqual(restart);
      expect(await containers.changes(other, { ...spec, user: '0' })).toEqual([
        { setting: 'user', from: '1', to: '0' },
      ]);
      expect((await containers.inspect(other))?.restart.name).toBe('no');
    });

    it('has no changes where nothing is declared', async () => {
      const name = await started();

      expect(await at().containers.changes(name, { image: 'another:1', pullPolicy: 'never' })).toEqual([]);
    });

    it('has the last lines of a log', async () => {
      const { containers, until } = at();
      const name = await started();
      await until(async () => (await containers.inspect(name))?.health === 'healthy');

      expect(await containers.logs(name, 10)).toHaveLength(1);
    });

    it('tells the same of an image that is here and in the registry', async () => {
      const { containers, spec } = at();

      const image = await containers.pull({ reference: spec.image, policy: 'always', signal: never });

      expect(await containers.image(spec.image)).toEqual(image);
      expect(await containers.pull({ reference: spec.image, policy: 'missing', signal: never })).toEqual(image);
      const [digest] = image.digests;
      expect(await containers.pull({ reference: spec.image, policy: 'always', digest, signal: never })).toEqual(image);
      expect(JSON.stringify(image)).toContain((await containers.remoteImage(spec.image)).digest);
    });

    it('refuses an image that the registry does not have', async () => {
      const { containers, missingImage } = at();

      expect(await containers.image(missingImage)).toBeUndefined();
      await expect(containers.remoteImage(missingImage)).rejects.toMatchObject(refusal);
      await expect(containers.pull({ reference: missingImage, policy: 'always', signal: never })).rejects.toMatchObject(
        refusal,
      );
      await expect(
        containers.pull({ reference: missingImage, policy: 'missing', signal: never }),
      ).rejects.toMatchObject(refusal);
    });

    it.each(['start', 'stop'] as const)('refuses to %s what is not there', async (verb) => {
      await expect(at().containers[verb](newName())).rejects.toMatchObject(refusal);
    });

    it('refuses to rename, to set and to read what is not there', async () => {
      const { containers } = at();

      await expect(containers.rename(newName(), newName())).rejects.toMatchObject(refusal);
      await expect(containers.setRestart(newName(), { name: 'no', maximumRetryCount: 0 })).rejects.toMatchObject(
        refusal,
      );
      await expect(containers.logs(newName(), 1)).rejects.toMatchObject(refusal);
    });
  });
}
