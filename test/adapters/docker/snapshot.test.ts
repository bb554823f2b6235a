import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineContainers } from '../../../src/adapters/docker/containers.ts';
import { creationOf } from '../../../src/adapters/docker/recreate.ts';
import { parseSnapshot, sameCreation, snapshotOf, snapshotText } from '../../../src/adapters/docker/snapshot.ts';
import type { Link } from '../../../src/adapters/link.ts';
import { imageConfig, recordedContainer, type RecordedContainer } from './fixtures.ts';

const DIGESTS = ['registry.lab:5000/pxapp@sha256:bb', 'app@sha256:aa'];
const { Image: ID } = recordedContainer('rich');
const image = { Id: ID, RepoDigests: DIGESTS, Config: imageConfig(1) };

describe('snapshotOf()', () => {
  it.each<RecordedContainer>(['plain', 'rich', 'host', 'borrowed'])(
    'says of %s how to create it from its own image',
    (name) => {
      const container = recordedContainer(name);

      const snapshot = snapshotOf(container, image);

      const spec = { image: 'app:v1', pullPolicy: 'never' } as const;
      expect(snapshot).toMatchObject(creationOf(spec, { container, image: imageConfig(1) }));
      expect(snapshot.image).toEqual({ id: ID, reference: 'app:v1', digests: DIGESTS.toSorted() });
      expect(snapshot.request.HostConfig['RestartPolicy']).toEqual(container.HostConfig.RestartPolicy);
    },
  );

  it('takes everything for the own of a container whose image is gone', () => {
    const { request } = snapshotOf(recordedContainer('plain'), undefined);

    expect(request['Env']).toEqual(recordedContainer('plain').Config.Env);
    expect(request['Cmd']).toEqual(recordedContainer('plain').Config.Cmd);
  });

  it('says nothing of what the Engine gave by itself: names, addresses, times', () => {
    const container = recordedContainer('plain');
    const other = { ...container, Id: 'f'.repeat(64), Config: { ...container.Config, Hostname: 'f'.repeat(12) } };

    expect(snapshotText(snapshotOf(other, image))).toBe(snapshotText(snapshotOf(container, image)));
  });
});

describe('the text of a snapshot', () => {
  it('is the same whatever the order of what it says', () => {
    const snapshot = snapshotOf(recordedContainer('rich'), image);
    const { connections, image: ofImage } = snapshot;
    const { HostConfig, ...rest } = snapshot.request;
    const request = { HostConfig: Object.fromEntries(Object.entries(HostConfig).toReversed()), ...rest };

    expect(snapshotText({ connections, request, image: ofImage, schema: 1 })).toBe(snapshotText(snapshot));
  });

  it('is read as what was written', () => {
    const snapshot = snapshotOf(recordedContainer('rich'), image);

    expect(sameCreation(parseSnapshot(snapshotText(snapshot)), snapshot)).toBe(true);
  });

  it('means the same container when only the name of the image is another', () => {
    const snapshot = snapshotOf(recordedContainer('rich'), image);
    const renamed = {
      ...snapshot,
      image: { ...snapshot.image, reference: ID },
      request: { ...snapshot.request, Image: ID },
    };

    expect(sameCreation(renamed, snapshot)).toBe(true);
    expect(sameCreation({ ...snapshot, image: { ...snapshot.image, id: 'sha256:other' } }, snapshot)).toBe(false);
    expect(sameCreation({ ...snapshot, request: { ...snapshot.request, User: '7' } }, snapshot)).toBe(false);
    expect(sameCreation({ ...snapshot, connections: [] }, snapshot)).toBe(snapshot.connections.length === 0);
  });

  // prettier-ignore
  it.each([
    { what: 'half of one',        written: '{"schema":1,"im',                                    says: /JSON/ },
    { what: 'one of the future',  written: '{"schema":2}',                                       says: /it has schema 2, this sluice knows 1/ },
    { what: 'another thing',      written: '[]',                                                 says: /it is not whole/ },
    { what: 'one without parts',  written: '{"schema":1,"image":{"id":"x","reference":"y","digests":[]}}', says: /it is not whole/ },
  ])('is refused as $what', ({ written, says }) => {
    expect(() => parseSnapshot(written)).toThrow(says);
  });
});

describe('createFrom()', () => {
  let folder: string;
  let server: Server;
  let images: Record<string, string>;
  let bodies: Record<string, unknown>[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-docker-'));
    [images, bodies] = [{}, []];
    server = createServer((request, response) => {
      const answer = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
      const [path = ''] = decodeURIComponent(request.url ?? '').split('?');
      const [, reference = ''] = /^\/v1.41\/images\/(.*)\/json$/.exec(path) ?? [];
      const id = images[reference];
      if (path === '/version') answer(200, { Version: '1', ApiVersion: '1.41', MinAPIVersion: '1.12' });
      else if (id !== undefined) answer(200, { Id: id });
      else if (path === '/v1.41/containers/create') {
        void text(request).then((body) => {
          bodies.push(JSON.parse(body) as Record<string, unknown>);
          answer(201, { Id: 'c0ffee' });
        });
      } else answer(404, { message: 'no such thing' });
    });
    server.listen(join(folder, 'docker.sock'));
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function create(): Promise<void> {
    const openSocket = async (path: string) => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socket;
    };
    const containers = new EngineContainers({ host: 'fe1', openSocket } as Partial<Link> as Link, {
      socket: join(folder, 'docker.sock'),
    });
    await containers.createFrom('pxApp_1', snapshotText(snapshotOf(recordedContainer('plain'), image)));
  }

  // prettier-ignore
  it.each([
    { where: 'by the reference that it had',                      has: { 'app:v1': ID, [ID]: ID },                               named: 'app:v1' },
    { where: 'by a digest when the reference means another now',  has: { 'app:v1': 'sha256:new', 'app@sha256:aa': ID, [ID]: ID }, named: 'app@sha256:aa' },
    { where: 'by its id when nothing else is left',               has: { [ID]: ID },                                             named: ID },
  ])('calls the image $where', async ({ has, named }) => {
    images = has;

    await create();

    expect(bodies).toMatchObject([{ Image: named, HostConfig: { NetworkMode: 'none' } }]);
  });

  it('refuses when the image is gone, and says which it was', async () => {
    images = { 'app:v1': 'sha256:new' };

    await expect(create()).rejects.toThrow(
      `Cannot create container pxApp_1 as it was before on fe1: its image app:v1 (${ID}) is not on the host any more`,
    );
    expect(bodies).toEqual([]);
  });
});
