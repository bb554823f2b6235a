import { describe, expect, it } from 'vitest';
import { answers, containers, failureOf, json, serveEngine } from './engine-server.ts';

serveEngine();

describe('start() on a port that is taken', () => {
  const reason = 'driver failed: Bind for 127.0.0.1:8081 failed: port is already allocated';
  const published = (port: number) => ({ Names: ['/other'], Ports: [{ PublicPort: port, Type: 'tcp' }] });

  it.each([
    { running: [published(8082), published(8081)], said: 'container other has it' },
    {
      running: [published(8082)],
      said: 'no container has it, so the Docker daemon has kept it since it was killed; restart Docker on fe1',
    },
  ])('says that $said', async ({ running, said }) => {
    answers['POST /v1.41/containers/px/start'] = json(500, { message: reason });
    answers['GET /v1.41/containers/json'] = json(200, running);

    expect(await failureOf(containers().start('px'))).toBe(
      `docker: Cannot start container px on fe1: ${reason}: ${said}`,
    );
  });

  it('keeps to what the Engine said when it does not answer any more', async () => {
    answers['POST /v1.41/containers/px/start'] = json(500, { message: reason });
    answers['GET /v1.41/containers/json'] = json(500, { message: 'shutting down' });

    expect(await failureOf(containers().start('px'))).toBe(`docker: Cannot start container px on fe1: ${reason}`);
  });
});
