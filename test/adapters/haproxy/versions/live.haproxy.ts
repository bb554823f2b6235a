import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { haproxyProgram } from '../../../../lab/haproxy.ts';
import { parseInfo } from '../../../../src/adapters/haproxy/answers.ts';
import { askOver, type Ask } from '../../../../src/adapters/haproxy/runtime-socket.ts';
import { LocalLink } from '../../../support/local-link.ts';
import { fileOf, keeping, recordingOf, textOf, type Exchange } from './recording.ts';
import { CONFIG, tell } from './story.ts';

/** With SLUICE_RECORD=1 what it answers is kept in answers/, for those who do not have it. */
const isRecording = process.env['SLUICE_RECORD'] === '1';

it(`${haproxyProgram()} is understood`, async () => {
  const { ask, master, dir, reload } = await haproxy();
  await openRequest(ask, dir, { path: '/slow', for: 'be=web srv=s1' });
  await openRequest(ask, dir, { path: '/alone', for: 'be=alone srv=a1' });
  const exchanges: Exchange[] = [];

  await tell({ ask: keeping(ask, exchanges), master: keeping(master, exchanges), reload });

  const version =
    parseInfo(await ask('show info'))
      .get('Version')
      ?.replace(/-.*$/, '') ?? '';
  if (isRecording) writeFileSync(fileOf(version), anonymous(exchanges, dir));
  // Only one that was recorded can have been asked something else.
  expect(exchanges.map(({ asked }) => asked.replace(/^@!\d+ /, ''))).toEqual(
    recordingOf(version).map(({ asked }) => asked.replace(/^@!\d+ /, '')),
  );
});

function anonymous(exchanges: readonly Exchange[], dir: string): string {
  return textOf(exchanges)
    .replaceAll(dir, '/run/haproxy')
    .replace(/^node: .*$/gm, 'node: lb1');
}

/** On this machine, without root, on sockets of its own. */
async function haproxy(): Promise<{ ask: Ask; master: Ask; dir: string; reload: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  const config = join(dir, 'haproxy.cfg');
  writeFileSync(config, CONFIG.replaceAll('{dir}', dir));
  const app = createServer(({ url }, response) => {
    if (url === '/health') response.end();
  }).listen(join(dir, 'app.sock'));
  await once(app, 'listening');
  const child = spawn(haproxyProgram(), ['-W', '-S', join(dir, 'master.sock'), '-f', config], { stdio: 'inherit' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    app.closeAllConnections();
    app.close();
    rmSync(dir, { recursive: true });
  });
  const link = new LocalLink();
  const ask = askOver(link, { socket: join(dir, 'admin.sock') });
  const master = askOver(link, { socket: join(dir, 'master.sock') }, { endsBy: 'empty line' });
  // The worker may be there before the master listens.
  const isMasterThere = async (): Promise<boolean> => (await master('show proc').catch(() => '')) !== '';
  const pidOf = async (): Promise<string | undefined> => parseInfo(await ask('show info')).get('Pid');
  await expect.poll(async () => await pidOf().catch(() => undefined), { timeout: 10_000 }).toBeDefined();
  await expect.poll(isMasterThere, { timeout: 10_000 }).toBe(true);
  const reload = async (): Promise<void> => {
    const before = await pidOf();
    child.kill('SIGUSR2');
    await expect.poll(async () => await pidOf().catch(() => before), { timeout: 10_000 }).not.toBe(before);
    await expect.poll(isMasterThere, { timeout: 10_000 }).toBe(true);
  };
  return { ask, master, dir, reload };
}

interface Asked {
  readonly path: string;
  /** As `show sess` has it. */
  readonly for: string;
}

/** One that HAProxy has given to its server and that gets no answer. */
async function openRequest(ask: Ask, dir: string, { path, for: server }: Asked): Promise<void> {
  const client = connect(join(dir, 'in.sock'));
  onTestFinished(() => {
    client.destroy();
  });
  client.on('error', () => undefined).write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await expect.poll(async () => await ask('show sess')).toContain(` ${server} `);
}
