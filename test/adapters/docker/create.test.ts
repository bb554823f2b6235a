import { describe, expect, it } from 'vitest';
import { answers, asked, containers, failureOf, json, serveEngine } from './engine-server.ts';
import { aSpec, imageConfig, recordedContainer } from './fixtures.ts';

serveEngine();

describe('create() like another', () => {
  it('does not guess when the image of the other one is gone', async () => {
    answers['GET /v1.41/containers/old/json'] = json(200, recordedContainer('plain'));

    const said = await failureOf(containers().create('new', aSpec(), 'old'));

    expect(said).toMatch('docker: Cannot create container new on fe1: container old is to be its model, but the image');
    expect(asked.some((line) => line.startsWith('POST'))).toBe(false);
  });
});

describe('create() in several networks', () => {
  it('leaves no container behind that cannot be connected', async () => {
    const old = recordedContainer('rich');
    answers['GET /v1.41/containers/old/json'] = json(200, old);
    answers[`GET /v1.41/images/${old.Image}/json`] = json(200, { Id: old.Image, Config: imageConfig(1) });
    answers['POST /v1.41/containers/create?name=new'] = json(201, { Id: 'abc' });
    answers['POST /v1.41/networks/n2/connect'] = json(404, { message: 'network n2 not found' });
    answers['DELETE /v1.41/containers/abc?force=true&v=false'] = json(204, undefined);

    expect(await failureOf(containers().create('new', aSpec(), 'old'))).toBe(
      'docker: Cannot create container new on fe1: network n2 not found',
    );
    expect(asked.at(-1)).toMatch(/^DELETE .*abc/);
  });
});
