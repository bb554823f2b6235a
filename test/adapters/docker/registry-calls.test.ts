import { describe, expect, it } from 'vitest';
import type { Login } from '../../../src/adapters/login.ts';
import { registryIn } from '../../../src/adapters/docker/registry-calls.ts';
import type { PullProgress } from '../../../src/runner/ports/ports.ts';
import { type Answer, answers, asked, containersWith, failureOf, json, serveEngine } from './engine-server.ts';

serveEngine();

const never = new AbortController().signal;
const DIGEST = `sha256:${'2'.repeat(64)}`;
const reference = 'reg.example:5000/app:v9';
const byTag = 'POST /v1.41/images/create?fromImage=reg.example%3A5000%2Fapp&tag=v9';
const byDigest = `POST /v1.41/images/create?fromImage=reg.example%3A5000%2Fapp&tag=${encodeURIComponent(DIGEST)}`;
const inspected = `GET /v1.41/images/${reference}/json`;
const image = { Id: 'sha256:1', RepoDigests: [`reg.example:5000/app@${DIGEST}`] };

/** Answers with a pull's progress, and has the image from then on. */
const pulled =
  (...lines: string[]): Answer =>
  (response) => {
    answers[inspected] = json(200, image);
    response.writeHead(200).end(lines.map((line) => `${line}\r\n`).join(''));
  };

function pull(over: { login?: Login; digest?: string; onProgress?: (told: PullProgress) => void } = {}) {
  const { login, ...more } = over;
  const containers = containersWith({ logins: async () => login });
  return containers.pull({ reference, policy: 'always', signal: never, ...more });
}

describe('registryIn()', () => {
  it.each([
    ['app', 'docker.io'],
    ['app:v1', 'docker.io'],
    ['shop/app', 'docker.io'],
    ['docker.io/shop/app', 'docker.io'],
    ['index.docker.io/shop/app', 'docker.io'],
    ['reg.example/app', 'reg.example'],
    ['reg.example:5000/shop/app:v1', 'reg.example:5000'],
    ['localhost/app', 'localhost'],
    ['reg:5000/app@sha256:00', 'reg:5000'],
  ])('of %s is %s', (name, registry) => {
    expect(registryIn(name)).toBe(registry);
  });
});

describe('a login', () => {
  const told = (): { header: unknown; answer: Answer } => {
    const seen: { header: unknown; answer: Answer } = {
      header: undefined,
      answer: (response, request) => {
        const header = request.headers['x-registry-auth'];
        seen.header = JSON.parse(Buffer.from(String(header), 'base64').toString('utf8'));
        pulled()(response, request);
      },
    };
    return seen;
  };

  it.each<{ login: Login; header: object }>([
    { login: { username: 'ann', password: 's3cret' }, header: { username: 'ann', password: 's3cret' } },
    { login: { identityToken: 't0ken' }, header: { identitytoken: 't0ken' } },
  ])('is sent with the pull: $header', async ({ login, header }) => {
    const seen = told();
    answers[byTag] = seen.answer;

    await pull({ login });

    expect(seen.header).toEqual({ ...header, serveraddress: 'reg.example:5000' });
  });

  it('is missed where the registry wants one', async () => {
    answers[byTag] = json(500, { message: 'Get "https://reg.example:5000/v2/app": no basic auth credentials' });

    expect(await failureOf(pull())).toBe(
      `docker: Cannot pull ${reference} on fe1: Get "https://reg.example:5000/v2/app": no basic auth credentials; ` +
        'there is no login for reg.example:5000: give one in "registries", or with docker login on this machine',
    );
    expect(asked.filter((line) => line === byTag)).toHaveLength(1);
  });
});

describe('a registry with a certificate by a private CA', () => {
  it('is not asked again where the Engine does not know the CA, and what to do is said', async () => {
    const why = 'Get "https://reg.example:5000/v2/": x509: certificate signed by unknown authority';
    answers[byTag] = json(500, { message: why });

    expect(await failureOf(pull())).toBe(
      `docker: Cannot pull ${reference} on fe1: ${why}; ` +
        "the host does not trust its CA: put the CA's certificate into /etc/docker/certs.d/reg.example:5000/ca.crt there",
    );
    expect(asked.filter((line) => line === byTag)).toHaveLength(1);
  });
});

describe('pull() of what the plan has settled on', () => {
  it('fetches it by its digest, and gives it the name', async () => {
    answers[byDigest] = pulled();
    const naming = `POST /v1.41/images/reg.example:5000/app@${DIGEST}/tag?repo=reg.example%3A5000%2Fapp&tag=v9`;
    answers[naming] = json(201, undefined);

    expect(await pull({ digest: DIGEST })).toMatchObject({ id: 'sha256:1', digests: [DIGEST] });
    expect(asked).toContain(naming);
  });

  it('fetches nothing where the host has it under that name', async () => {
    answers[inspected] = json(200, image);

    await pull({ digest: DIGEST });

    expect(asked.some((line) => line.startsWith('POST'))).toBe(false);
  });
});

describe('pull() that is in trouble', () => {
  it('begins again when the registry is only busy, and says so', async () => {
    const told: PullProgress[] = [];
    answers[byTag] = (...given) => {
      answers[byTag] = pulled();
      json(500, { message: 'received unexpected HTTP status: 503 Service Unavailable' })(...given);
    };

    await pull({ onProgress: (one) => told.push(one) });

    const again = `Cannot pull ${reference} on fe1: received unexpected HTTP status: 503 Service Unavailable`;
    expect(told[0]).toEqual({ current: 0, total: 0, again });
  });

  it('gives up after the third attempt', async () => {
    answers[byTag] = json(500, { message: 'dial tcp 10.0.0.1:5000: connect: connection refused' });

    expect(await failureOf(pull())).toMatch(/connection refused$/);
    expect(asked.filter((line) => line === byTag)).toHaveLength(3);
  });

  it('does not try again what is wrong in itself', async () => {
    answers[byTag] = json(404, { message: 'manifest unknown' });

    await failureOf(pull());
    expect(asked.filter((line) => line === byTag)).toHaveLength(1);
  });
});

describe('a registry that does not tell of an image in time', () => {
  const distribution = `GET /v1.41/distribution/${reference}/json`;
  const ask = async () => containersWith({ registryWithinMs: 200 }).remoteImage(reference);

  it('is asked again', async () => {
    answers[distribution] = () => {
      answers[distribution] = json(200, { Descriptor: { digest: DIGEST } });
    };

    expect(await ask()).toEqual({ digest: DIGEST });
  });

  it('is in trouble itself, and the host is not out of reach', async () => {
    answers[distribution] = () => undefined;

    const said = `docker: Cannot ask the registry for ${reference} on fe1: it takes longer than 0.2 s`;
    expect(await failureOf(ask())).toBe(said);
    expect(asked.filter((line) => line === distribution)).toHaveLength(3);
  });
});

it('tells how far a pull is, over all layers', async () => {
  const told: PullProgress[] = [];
  const layer = (id: string, current: number): string =>
    JSON.stringify({ status: 'Downloading', id, progressDetail: { current, total: 100 } });
  answers[byTag] = pulled(layer('a', 10), layer('b', 50), layer('a', 90), '{"status":"Pull complete","id":"a"}');

  await pull({ onProgress: (one) => told.push(one) });

  expect(told.at(-1)).toEqual({ current: 140, total: 200 });
});
