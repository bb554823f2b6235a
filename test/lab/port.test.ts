import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holderOf } from '../../lab/port.ts';

async function aPortOf(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('holderOf()', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::'])('names who listens at %s', async (address) => {
    const port = await aPortOf(address);

    expect(await holderOf('127.0.0.1', port)).toMatch(new RegExp(`^\\S+ \\(pid ${process.pid}\\)$`));
  });

  it('has nothing against who listens at another address', async () => {
    const port = await aPortOf('127.0.0.2');

    expect(await holderOf('127.0.0.1', port)).toBeUndefined();
  });

  it('knows when there is nobody', async () => {
    expect(await holderOf('127.0.0.1', 1)).toBeUndefined();
  });
});
