import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { LoadableImage, PullProgress } from '../../../src/runner/ports/ports.ts';
import { type Answer, answers, asked, containers, failureOf, json, serveEngine, sockets } from './engine-server.ts';

serveEngine();

const never = new AbortController().signal;
const CONFIG = `sha256:${'1'.repeat(64)}`;
const MANIFEST = `sha256:${'2'.repeat(64)}`;
const LOAD = 'POST /v1.41/images/load';
const inspectedBy = (id: string): string => `GET /v1.41/images/${id}/json`;
const nameIt = (id: string): string => `POST /v1.41/images/${id}/tag?repo=shop&tag=1.4`;

async function* bytes(): AsyncGenerator<Buffer> {
  for (let at = 0; at < 8; at += 1) yield Buffer.alloc(1_000, at);
}

function load(over: Partial<LoadableImage> = {}, onProgress: (told: PullProgress) => void = () => undefined) {
  const image = { id: CONFIG, ids: [CONFIG, MANIFEST], from: 'a.tar', bytes: 8_000, open: bytes, ...over };
  return containers().load({ reference: 'shop:1.4', image, signal: never, onProgress });
}

/** Takes an archive, and has from then on what is said. */
function takes(said: string, then: Readonly<Record<string, Answer>>, seen: Buffer[] = []): Answer {
  return (response, request) => {
    void buffer(request).then((body) => {
      seen.push(body);
      Object.assign(answers, then);
      response.writeHead(200).end(said);
    });
  };
}

describe('load()', () => {
  it('sends the archive to a host that does not have the image, and tells how far it is', async () => {
    const seen: Buffer[] = [];
    const told: number[] = [];
    const image = json(200, { Id: CONFIG });
    const then = { [inspectedBy(CONFIG)]: image, [inspectedBy('shop:1.4')]: image };
    answers[LOAD] = takes('{"stream":"Loaded image: shop:1.4\\n"}\n', then, seen);

    const loaded = await load({}, ({ current, total }) => told.push(current, total));

    expect(loaded).toMatchObject({ id: CONFIG, digests: [] });
    expect(seen.map(({ length }) => length)).toEqual([8_000]);
    expect(told.slice(-2)).toEqual([8_000, 8_000]);
  });

  it('sends nothing where it is already, under either id, and makes sure of its name', async () => {
    answers[inspectedBy(MANIFEST)] = json(200, { Id: MANIFEST });
    answers[inspectedBy('shop:1.4')] = json(200, { Id: 'sha256:another' });
    answers[nameIt(MANIFEST)] = json(201, {});

    expect(await load()).toMatchObject({ id: MANIFEST });

    expect(asked).toContain(nameIt(MANIFEST));
    expect(asked).not.toContain(LOAD);
  });

  it('fails with what the Engine says, at once or in the middle', async () => {
    answers[LOAD] = json(500, { message: 'no space left on device' });
    expect(await failureOf(load())).toBe('docker: Cannot load shop:1.4 on fe1: no space left on device');
    answers[LOAD] = takes('{"error":"invalid diffID for layer 0"}\n', {});
    expect(await failureOf(load())).toBe('docker: Cannot load shop:1.4 on fe1: invalid diffID for layer 0');
  });

  it('does not believe an Engine that says nothing is wrong, and has another image', async () => {
    answers[LOAD] = takes('{"stream":"Loaded image: shop:1.4\\n"}\n', {});

    expect(await failureOf(load())).toBe(
      `docker: Cannot load shop:1.4 on fe1: the Engine has taken it, and knows none of ${CONFIG}, ${MANIFEST}`,
    );
  });

  it('is unreachable when the connection breaks, and does not read on', async () => {
    let isEnded = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(64_000);
      } finally {
        isEnded = true;
      }
    }
    answers[LOAD] = () => {
      for (const socket of sockets) socket.destroy(Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
    };

    expect(await failureOf(load({ open: endless }))).toMatch(/^unreachable: Cannot load shop:1\.4 on fe1: /);
    expect(isEnded).toBe(true);
  });

  it('says why what it needs cannot be had any more', async () => {
    expect(await failureOf(load({ open: 'is gone' }))).toBe(
      'docker: Cannot use shop:1.4 on fe1: it is not on the host, and a.tar is gone',
    );
  });
});
