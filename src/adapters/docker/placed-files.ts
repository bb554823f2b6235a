/** Files that are put into a container before it starts: secrets and configs. They are nowhere else on the host. */
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '../../errors.ts';
import type { ContainerSpec, PlacedFile } from '../../rollout/container-spec.ts';
import { NOT_SET, type SettingChange } from '../../rollout/observed.ts';
import { withoutValues } from '../../rollout/secret.ts';
import { type Engine, unless } from './engine.ts';
import { bare, type InspectedContainer } from './inspections.ts';
import { firstFileIn } from '../tar-reader.ts';
import { packed, type TarFile } from '../tar-writer.ts';

const slowHash = promisify(scrypt) as (of: Buffer, salt: string, length: number) => Promise<Buffer>;

const LOOK_MS = 15_000;
const PUT_MS = 60_000;
/** More than any that is put there. */
const LARGEST_READ = 4 * 1024 * 1024;

/** Says where they are, and nothing of what is in them. */
const LABEL = 'sluice.files';

/** A file as the archive of the host knows it: enough to tell another one, too little to tell what is in it. */
export interface FileMark {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly digest: string;
}

/** The label that goes with declared files, or the lack of it. */
export function withLabelOf(
  files: ContainerSpec['files'],
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  if (!files) return labels;
  const others = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== LABEL));
  const paths = files.map(({ target }) => target).toSorted();
  return paths.length === 0 ? others : { ...others, [LABEL]: JSON.stringify(paths) };
}

/** Where files were put when the container was made. */
export function placedIn({ Config }: Pick<InspectedContainer, 'Config'>): readonly string[] {
  try {
    const paths: unknown = JSON.parse(Config.Labels?.[LABEL] ?? '[]');
    return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
  } catch {
    return [];
  }
}

export function asTarFile({ target, content, mode, uid, gid }: PlacedFile): TarFile {
  return { path: target.slice(1), content: Buffer.from(content, 'base64'), mode, uid, gid };
}

interface Kept {
  readonly files: readonly TarFile[];
  readonly lost: string | undefined;
}

export class PlacedFiles {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async put(container: string, files: readonly TarFile[]): Promise<void> {
    if (files.length === 0) return;
    const made = await this.#inspected(container);
    await this.#engine.call({
      what: `put ${files.map(({ path }) => `/${path}`).join(', ')} into container ${container}`,
      withinMs: PUT_MS,
      ask: async (docker, abortSignal) => {
        for (const { path } of files) refuseUnderMounts(`/${path}`, made);
        const options: object = { _query: { path: '/' }, abortSignal };
        await docker.getContainer(container).putArchive(packed(files), options);
      },
    });
  }

  /** The plain file at `path`; undefined when something else is there, or nothing. */
  async read(container: string, path: string): Promise<TarFile | undefined> {
    const tar = await this.#engine.call({
      what: `look at ${path} in container ${container}`,
      withinMs: LOOK_MS,
      ask: async (docker, abortSignal) => {
        const options: object = { _query: { path }, abortSignal };
        const stream = await unless(
          404,
          docker.getContainer(container).getArchive(options as { path: string }),
          undefined,
        );
        return stream && bytesOf(stream);
      },
    });
    const file = tar && (await firstFileIn(tar));
    return file && { ...file, path: path.slice(1) };
  }

  /** Declared files that the container has not, or otherwise; and those that it should not have. */
  async changes(container: InspectedContainer, declared: ContainerSpec['files']): Promise<readonly SettingChange[]> {
    if (!declared) return [];
    const found = await Promise.all(declared.map(({ target }) => this.read(container.Id, target)));
    const wanted = new Set(declared.map(({ target }) => target));
    const surplus = placedIn(container).filter((path) => !wanted.has(path));
    return [
      ...declared.flatMap((file, index) => changesOf(file, found[index])),
      ...surplus.map((path) => ({ setting: `files.${path}`, from: '(hidden)', to: NOT_SET })),
    ];
  }

  async marks(container: InspectedContainer): Promise<readonly FileMark[]> {
    const paths = placedIn(container).toSorted();
    const files = await Promise.all(paths.map((path) => this.read(container.Id, path)));
    return Promise.all(files.filter((file) => file !== undefined).map(markOf));
  }

  /** All that were put into it, for one that is to be like it. */
  async carriedOver(container: InspectedContainer | undefined, what: string): Promise<readonly TarFile[]> {
    const paths = container ? placedIn(container) : [];
    const found = await Promise.all(paths.map((path) => this.read(container?.Id ?? '', path)));
    const gone = paths.find((_, index) => found[index] === undefined);
    if (gone === undefined) return whole(found);
    throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: its predecessor has lost ${gone}`);
  }

  /** The files of these marks, out of whichever containers have them, and why there are some that none has. */
  async withMarks(marks: readonly FileMark[] = []): Promise<Kept> {
    const files = await this.#among(marks, marks.length === 0 ? [] : await this.#holders());
    const gone = marks.filter((_, index) => files[index] === undefined).map(({ path }) => path);
    const lost = gone.length > 0 ? `no container on the host has its ${gone.join(', ')} any more` : undefined;
    return { files: whole(files), lost };
  }

  /** Whether it has files that no other one has. */
  async isOnlyHolder(container: InspectedContainer): Promise<boolean> {
    const marks = await this.marks(container);
    if (marks.length === 0) return false;
    const others = (await this.#holders()).filter(({ Id }) => Id !== container.Id);
    return (await this.#among(marks, others)).includes(undefined);
  }

  async #among(
    marks: readonly FileMark[],
    holders: readonly InspectedContainer[],
  ): Promise<readonly (TarFile | undefined)[]> {
    return Promise.all(
      marks.map(async (mark) => {
        for (const holder of holders.filter((one) => placedIn(one).includes(mark.path))) {
          const file = await this.read(holder.Id, mark.path);
          if (file && isSame(await markOf(file), mark)) return file;
        }
        return undefined;
      }),
    );
  }

  async #holders(): Promise<readonly InspectedContainer[]> {
    return this.#engine.call({
      what: 'look for files of containers',
      withinMs: LOOK_MS,
      ask: async (docker, abortSignal) => {
        const listed = await docker.listContainers({ all: true, filters: { label: [LABEL] }, abortSignal });
        const found = await Promise.all(
          listed.map(({ Id }) => unless(404, docker.getContainer(Id).inspect({ abortSignal }), undefined)),
        );
        return found.filter((it) => it !== undefined) as unknown as InspectedContainer[];
      },
    });
  }

  async #inspected(container: string): Promise<InspectedContainer> {
    return this.#engine.call({
      what: `inspect container ${container}`,
      withinMs: LOOK_MS,
      ask: async (docker, abortSignal) =>
        (await docker.getContainer(container).inspect({ abortSignal })) as unknown as InspectedContainer,
    });
  }
}

/** It would be on the host, or covered once the container runs; a read-only file system the Engine refuses by itself. */
function refuseUnderMounts(path: string, { Mounts, HostConfig }: InspectedContainer): void {
  const mounted = [...(Mounts ?? []).map(({ Destination }) => Destination), ...Object.keys(HostConfig.Tmpfs ?? {})];
  const over = mounted.map(bare).find((folder) => path === folder || path.startsWith(`${folder}/`));
  if (over !== undefined) throw new Error(`what is mounted at ${over} would hide ${path}, or keep it on the host`);
}

/** What is wrong with a config may be seen, but for its bytes: those of a configuration often hold a password, too. */
function changesOf({ kind, target, content, mode, uid, gid }: PlacedFile, found: TarFile | undefined): SettingChange[] {
  const setting = `${kind}s.${target}`;
  const said = (file: Pick<TarFile, 'mode' | 'uid' | 'gid'>): string =>
    `mode 0${file.mode.toString(8)}, owner ${file.uid}:${file.gid}`;
  const [from, to] = [found ? said(found) : NOT_SET, said({ mode, uid, gid })];
  if (!found?.content.equals(Buffer.from(content, 'base64'))) return [withoutValues({ setting, from, to })];
  return from === to ? [] : [{ setting, from, to }];
}

/** Slow, so that a short secret cannot be guessed from it; the same for the same file. */
async function markOf({ path, content, mode, uid, gid }: TarFile): Promise<FileMark> {
  const digest = await slowHash(content, `sluice ${path}`, 32);
  return { path: `/${path}`, mode, uid, gid, digest: digest.toString('base64') };
}

function whole(files: readonly (TarFile | undefined)[]): readonly TarFile[] {
  return files.filter((file) => file !== undefined);
}

function isSame(one: FileMark, other: FileMark): boolean {
  return one.digest === other.digest && one.mode === other.mode && one.uid === other.uid && one.gid === other.gid;
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST_READ) break;
  }
  return Buffer.concat(chunks);
}
