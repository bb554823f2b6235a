import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../src/errors.ts';
import {
  type Answer,
  answers,
  asked,
  containers,
  failureOf,
  json,
  serveEngine,
  server,
  sockets,
} from './engine-server.ts';
import { recordedContainer } from './fixtures.ts';

serveEngine();

const never = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a stop', () => {
  beforeEach(() => {
    answers['GET /v1.41/containers/px/json'] = json(200, recordedContainer('plain'));
    answers[`POST /v1.41/containers/${recordedContainer('plain').Id}/stop`] = json(204, undefined);
  });

  it('is asked for by the id, since the name may be that of another one by then', async () => {
    await containers().stop('px');

    expect(asked.at(-1)).toBe(`POST /v1.41/containers/${recordedContainer('plain').Id}/stop`);
  });

  it('is not asked for when the host is not ours any more, once the container has been looked at', async () => {
    const gone = new Failure('locked', 'Cannot go on with fe1: the lock is not ours any more');
    const seen: string[] = [];

    const stopping = containers().stop('px', async () => {
      seen.push(...asked);
      throw gone;
    });

    await expect(stopping).rejects.toBe(gone);
    expect(seen.at(-1)).toBe('GET /v1.41/containers/px/json');
    expect(asked).toEqual(seen);
  });
});

describe('the version of the API', () => {
  it.each([
    { engine: { ApiVersion: '1.41', MinAPIVersion: '1.12' }, spoken: '1.41' },
    { engine: { ApiVersion: '1.52', MinAPIVersion: '1.44' }, spoken: '1.47' },
  ])('is $spoken for an Engine that speaks $engine.MinAPIVersion to $engine.ApiVersion', async ({ engine, spoken }) => {
    answers['GET /version'] = json(200, { Version: 'x', ...engine });
    answers[`GET /v${spoken}/version`] = json(200, { Version: 'mine', ...engine });

    expect(await containers().version()).toBe('mine');
  });

  it.each([
    ['1.52', '1.48'],
    ['1.24', '1.12'],
  ])('is none for an Engine that speaks up to %s and from %s', async (ApiVersion, MinAPIVersion) => {
    answers['GET /version'] = json(200, { Version: 'x', ApiVersion, MinAPIVersion });

    expect(await failureOf(containers().version())).toBe(
      `docker: Cannot use Docker on fe1: it speaks API ${MinAPIVersion} to ${ApiVersion}, sluice 1.30 to 1.47`,
    );
  });

  it('is asked for once, but again after a failure', async () => {
    const negotiated = answers['GET /version'];
    const engine = containers();
    answers['GET /version'] = json(500, { message: 'starting' });
    expect(await failureOf(engine.image('a'))).toBe('docker: Cannot use Docker on fe1: starting');
    answers['GET /version'] = negotiated ?? json(500, {});

    await Promise.all([engine.image('a'), engine.image('b')]);

    expect(asked.filter((line) => line === 'GET /version')).toHaveLength(2);
  });

  it('has nothing to do with the DOCKER_HOST of the operator', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://elsewhere:2376');
    vi.stubEnv('DOCKER_CERT_PATH', '/no/such/path');

    expect(await containers().image('a')).toBeUndefined();
    expect(process.env['DOCKER_HOST']).toBe('tcp://elsewhere:2376');
  });
});

describe('pull()', () => {
  const path = 'POST /v1.41/images/create?fromImage=app&tag=v9';
  const image = { Id: 'sha256:1', RepoDigests: ['other@sha256:9', 'app@sha256:2'] };

  const progress =
    (...lines: string[]): Answer =>
    (response) => {
      response.writeHead(200);
      for (const line of lines) response.write(line);
      response.end();
    };

  it('tells which image it got, with the digest of its repository', async () => {
    answers[path] = progress('{"status":"Pulling', ' from app"}\r\n{"status":"Done"}');
    answers['GET /v1.41/images/app:v9/json'] = json(200, image);

    expect(await containers().pull({ reference: 'app:v9', policy: 'always', signal: never })).toEqual({
      id: 'sha256:1',
      digests: ['sha256:2'],
      healthcheck: undefined,
    });
  });

  it('asks nobody for an image that is there, unless always', async () => {
    answers['GET /v1.41/images/app:v9/json'] = json(200, image);

    await containers().pull({ reference: 'app:v9', policy: 'missing', signal: never });

    expect(asked).not.toContain(path);
  });

  it('does not fetch with never', async () => {
    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'never', signal: never }))).toBe(
      'docker: Cannot use app:v9 on fe1: it is not on the host, and pull_policy is never',
    );
  });

  it('fails by an error in the midst of progress', async () => {
    answers[path] = progress('{"status":"Pulling"}\n', '{"errorDetail":{"message":"x"},"error":"unknown blob"}\n');

    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'always', signal: never }))).toBe(
      'docker: Cannot pull app:v9 on fe1: unknown blob',
    );
  });

  it('fails by the answer of the registry', async () => {
    answers[path] = json(404, { message: 'manifest for app:v9 not found: manifest unknown: manifest unknown' });

    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'always', signal: never }))).toBe(
      'docker: Cannot pull app:v9 on fe1: manifest for app:v9 not found: manifest unknown',
    );
  });

  it('fails by progress that cannot be read', async () => {
    answers[path] = progress('{"status":"Pul');

    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'always', signal: never }))).toBe(
      'docker: Cannot pull app:v9 on fe1: the Engine\'s answer is garbled: {"status":"Pul',
    );
  });

  it('fails when the Engine goes away', async () => {
    answers[path] = (response) => {
      response.writeHead(200).write('{"status":"Pulling"}\n', () => response.destroy());
    };

    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'always', signal: never }))).toMatch(
      'unreachable: Cannot pull app:v9 on fe1: ',
    );
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    answers[path] = (response) => {
      response.writeHead(200).write('{"status":"Pulling"}\n');
      stop.abort(new Failure('interrupted', 'Stopped by SIGINT'));
    };

    expect(await failureOf(containers().pull({ reference: 'app:v9', policy: 'always', signal: stop.signal }))).toBe(
      'interrupted: Stopped by SIGINT',
    );
  });
});

describe('a call', () => {
  const inspect = 'GET /v1.41/containers/px/json';

  it('fails when the answer breaks off, also after its headers', async () => {
    answers[inspect] = (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy());
    };

    expect(await failureOf(containers().inspect('px'))).toMatch(/^unreachable: Cannot inspect container px on fe1: /);
  });

  it('fails with the reason for which the link was lost', async () => {
    const lost = new Failure('unreachable', 'Cannot reach fe1 (root@10.0.0.1:22): connection lost');
    answers[inspect] = (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{', () => {
        for (const socket of sockets) socket.destroy(lost);
      });
    };

    expect(await failureOf(containers().inspect('px'))).toBe(`unreachable: ${lost.message}`);
  });

  it('fails with the reason for which the socket cannot be opened', async () => {
    const openSocket = () => Promise.reject(new Failure('error', 'Cannot open /run/d.sock on fe1: there is none'));

    expect(await failureOf(containers({ openSocket }).list())).toBe(
      'docker: Cannot open /run/d.sock on fe1: there is none',
    );
  });

  it('does not take a lost connection for the end of a command', async () => {
    const lost = new Failure('unreachable', 'Cannot reach fe1 (root@10.0.0.1:22): connection lost');
    answers['POST /v1.41/containers/px/exec'] = json(201, { Id: 'e1' });
    answers['GET /v1.41/exec/e1/json'] = json(200, { Running: false, ExitCode: 0 });
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n', () => {
        for (const each of sockets) each.destroy(lost);
      });
    });

    expect(await failureOf(containers().exec('px', ['true'], 5_000))).toBe(`unreachable: ${lost.message}`);
  });

  it('has a time limit', async () => {
    answers['POST /v1.41/containers/px/exec'] = () => undefined;

    expect(await failureOf(containers().exec('px', ['true'], 20))).toBe(
      'late: Cannot run true in container px on fe1: it takes longer than 0.02 s',
    );
  });

  it('kills a command that takes longer, by its mark and as its user', async () => {
    const made: { readonly Cmd: readonly string[]; readonly Env?: readonly string[]; readonly User?: string }[] = [];
    const isEnded = new Promise<void>((resolve) => {
      answers['POST /v1.41/containers/px/exec'] = (response, request) => {
        void text(request).then((body) => {
          made.push(JSON.parse(body) as (typeof made)[number]);
          json(201, { Id: `e${made.length}` })(response, request);
          if (made.length === 2) resolve();
        });
      };
    });
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    });

    const running = containers().inside('px').within.run(['curl', 'http://127.0.0.1'], 500);

    expect(await failureOf(running)).toMatch(/^late: .* it takes longer than 0.5 s$/);
    await isEnded;
    const [command, ending] = made;
    expect(command).toMatchObject({ Cmd: ['curl', 'http://127.0.0.1'], User: '0' });
    expect(ending).toMatchObject({ User: '0' });
    expect(ending?.Cmd.slice(-2)).toEqual([command?.Env?.[0], 'KILL']);
  });

  it('uses a connection again, but not one that the Engine closed', async () => {
    const engine = containers();
    await engine.image('a');
    await engine.image('a');
    expect(sockets.size).toBe(1);
    const [socket] = sockets;
    const closed = socket && once(socket, 'close');
    server.closeIdleConnections();
    await closed;

    await engine.image('a');

    expect(sockets.size).toBe(2);
  });
});

describe('logs()', () => {
  it('are those of both streams, in their order and without what the Engine adds', async () => {
    const frame = (stream: number, text: string) => {
      const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
      header.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    answers['GET /v1.41/containers/px/json'] = json(200, recordedContainer('plain'));
    answers['GET /v1.41/containers/px/logs?stdout=true&stderr=true&tail=9&timestamps=true'] = (response) => {
      response.end(Buffer.concat([frame(1, '2026-11-20T10:00:00Z one\n'), frame(2, '2026-11-20T10:00:01Z two é\n')]));
    };

    expect(await containers().logs('px', 9)).toEqual(['one', 'two é']);
  });
});
