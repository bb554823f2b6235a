import { afterEach, describe, expect, it } from 'vitest';
import type { Probe } from '../../../src/rollout/model.ts';
import type { HostAccess, ProbeResult } from '../../../src/runner/ports/ports.ts';

export interface ProbeArrangement {
  readonly host: Pick<HostAccess, 'probe'>;
  /** Of an application at 127.0.0.1 that answers 200 to `/health`. */
  readonly port: number;
  /** Where nobody listens. */
  readonly closedPort: number;
  readonly end: () => Promise<void>;
}

const withinMs = 5_000;

/** What one probe must answer, whoever makes it: that something is wrong is an answer, too. */
export function probes(name: string, arrange: () => Promise<ProbeArrangement>): void {
  describe(`${name}, of a probe`, () => {
    let arranged: ProbeArrangement;

    afterEach(() => arranged.end());

    function urlOf(port: number): string {
      return `http://127.0.0.1:${port}/health`;
    }

    function http(url: string, more: Partial<Extract<Probe, { kind: 'http' }>> = {}): Promise<ProbeResult> {
      return arranged.host.probe({ kind: 'http', url, status: [200, 399], ...more }, withinMs);
    }

    it('is content with an application that answers', async () => {
      arranged = await arrange();

      expect(await http(urlOf(arranged.port))).toEqual({ ok: true });
    });

    it('is not content with another status, which it names', async () => {
      arranged = await arrange();
      const url = urlOf(arranged.port);

      expect(await http(url, { status: [204, 204] })).toEqual({ ok: false, why: `${url} answers 200` });
    });

    it('is not content with an answer that has not all it expects', async () => {
      arranged = await arrange();
      const url = urlOf(arranged.port);
      const more = { text: 'what no application says' };

      const [body, header] = [await http(url, { body: more }), await http(url, { headers: { 'x-none': more } })];

      const without: unknown = expect.stringMatching(/ answers without "what no application says": "/);
      expect(body).toEqual({ ok: false, why: without });
      expect(header).toEqual({ ok: false, why: `${url} answers without the header x-none` });
    });

    it('says where nobody listens', async () => {
      arranged = await arrange();
      const url = urlOf(arranged.closedPort);

      expect(await http(url)).toEqual({ ok: false, why: expect.stringContaining(`${url}: `) as unknown });
    });

    it('is content with an open port, and says which one is closed', async () => {
      arranged = await arrange();
      const { host, port, closedPort } = arranged;
      const tcp = { kind: 'tcp' as const, host: '127.0.0.1' };

      expect(await host.probe({ ...tcp, port }, withinMs)).toEqual({ ok: true });
      const why: unknown = expect.stringContaining(`127.0.0.1:${closedPort}: `);
      expect(await host.probe({ ...tcp, port: closedPort }, withinMs)).toEqual({ ok: false, why });
    });
  });
}
