import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownImage } from '../../../src/adapters/docker/own-engine.ts';
import { endpointOf } from '../../../src/adapters/docker/own-endpoint.ts';
import { Failure } from '../../../src/errors.ts';

let home = '';
let engine: Server | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-own-'));
});
afterEach(() => {
  engine?.closeAllConnections();
  engine?.close();
  engine = undefined;
  rmSync(home, { recursive: true });
});

const socket = 'unix:///var/run/docker.sock';

function file(path: string, content: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
}

/** As `docker context create` writes it. */
function context(name: string, docker: object, certificates: Readonly<Record<string, string>> = {}): void {
  const place = createHash('sha256').update(name).digest('hex');
  const meta = { Name: name, Metadata: {}, Endpoints: { docker } };
  file(`.docker/contexts/meta/${place}/meta.json`, JSON.stringify(meta));
  for (const [one, text] of Object.entries(certificates)) file(`.docker/contexts/tls/${place}/docker/${one}`, text);
}

describe('endpointOf()', () => {
  beforeEach(() => {
    context('build', { Host: 'unix:///build.sock' });
    context('far', { Host: 'tcp://far:2376' }, { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' });
    context('lax', { Host: 'tcp://lax:2376', SkipTLSVerify: true });
  });

  // prettier-ignore
  it.each<{ of: string; environment?: object; config?: object; is: object }>([
    { of: 'nothing that is said',        is: { address: socket, shown: socket, tls: undefined } },
    { of: 'DOCKER_HOST',                 environment: { DOCKER_HOST: 'tcp://a:1' },            is: { address: 'tcp://a:1', tls: undefined } },
    { of: 'DOCKER_HOST, over contexts',  environment: { DOCKER_HOST: 'tcp://a:1', DOCKER_CONTEXT: 'build' }, config: { currentContext: 'far' }, is: { address: 'tcp://a:1' } },
    { of: 'DOCKER_CONTEXT',              environment: { DOCKER_CONTEXT: 'build' }, config: { currentContext: 'far' }, is: { address: 'unix:///build.sock', shown: 'context build, unix:///build.sock', tls: undefined } },
    { of: 'the context that is in use',  config: { currentContext: 'far' },                    is: { address: 'tcp://far:2376', tls: { ca: 'CA', cert: 'CERT', key: 'KEY', rejectUnauthorized: true } } },
    { of: 'the default context',         environment: { DOCKER_CONTEXT: 'default' }, config: { currentContext: 'far' }, is: { address: socket } },
    { of: 'one that trusts anybody',     environment: { DOCKER_CONTEXT: 'lax' },               is: { tls: { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: false } } },
  ])('goes by $of', ({ environment = {}, config, is }) => {
    if (config) file('.docker/config.json', JSON.stringify(config));

    expect(endpointOf({ HOME: home, ...environment })).toMatchObject(is);
  });

  it('goes by DOCKER_CONFIG', () => {
    file('elsewhere/config.json', '{"currentContext": "gone"}');

    expect(() => endpointOf({ HOME: home, DOCKER_CONFIG: join(home, 'elsewhere') })).toThrow(
      /^Cannot use the docker context "gone": there is none of that name \(no \S+meta\.json\)$/,
    );
  });

  it('tells of files that it cannot read', () => {
    file('.docker/config.json', '{"a": }');
    context('empty', {});

    expect(() => endpointOf({ HOME: home })).toThrow(/^Cannot read \S+config\.json:1:7: it is no JSON$/);
    expect(() => endpointOf({ HOME: home, DOCKER_CONTEXT: 'empty' })).toThrow(/does not say where its Engine is$/);
  });
});

describe('ownImage()', () => {
  async function served(answer: RequestListener): Promise<string> {
    engine = createServer((request, response) => {
      if (request.url?.includes('/json') === true) response.end('{"Id":"sha256:1"}');
      else answer(request, response);
    });
    engine.listen(join(home, 'docker.sock'));
    await once(engine, 'listening');
    return `unix://${join(home, 'docker.sock')}`;
  }

  it.each<{ when: string; answer: RequestListener }>([
    { when: 'before the first of it', answer: () => undefined },
    { when: 'in the middle of it', answer: (_request, response) => response.write('some') },
  ])('gives up on an Engine that is silent $when', async ({ answer }) => {
    const endpoint = endpointOf({ DOCKER_HOST: await served(answer) });
    const { save } = await ownImage('shop:1', { endpoint, silenceMs: 50 });

    const read = async (): Promise<void> => {
      for await (const piece of save()) expect(String(piece)).toBe('some');
    };

    await expect(read()).rejects.toThrow(
      new Failure(
        'config',
        `Cannot load shop:1 from the Engine of this machine (${endpoint.shown}): no progress for 0.05 s`,
      ),
    );
  });
});
