import { describe, expect, it } from 'vitest';
import { until } from '../../../lab/wait.ts';
import { Failure } from '../../../src/errors.ts';
import type { CommandEnd, CommandRequest } from '../../../src/runner/ports/commands.ts';
import {
  behavesLikeCommands,
  isExactAboutCommands,
  type CommandsArrangement,
} from '../../support/contracts/commands.ts';
import { labFleet } from '../../support/lab-fleet.ts';
import { own } from '../../support/own-host.ts';

async function aHost(): Promise<CommandsArrangement> {
  const fleet = labFleet();
  return { commands: await fleet.host(own), end: () => fleet.close() };
}

async function aContainer(): Promise<CommandsArrangement> {
  const fleet = labFleet();
  const { containers } = await fleet.host(own);
  return { commands: { run: (request) => containers.run('pxApp_1', request) }, end: () => fleet.close() };
}

/** Of what the contract asks for, the image has no more by name than a shell. */
async function aContainerOfBusybox(): Promise<CommandsArrangement> {
  const { commands, ...rest } = await aContainer();
  const run = (request: CommandRequest): Promise<CommandEnd> =>
    commands.run({ ...request, command: ['/bin/busybox', ...request.command] });
  return { commands: { run }, ...rest };
}

behavesLikeCommands('a host over SSH', aHost);
isExactAboutCommands('a host over SSH', aHost);
behavesLikeCommands('a container over SSH', aContainerOfBusybox);
isExactAboutCommands('a container over SSH', aContainer);

describe('a command in a container over SSH', () => {
  it('ends when whoever has asked for it is gone', async () => {
    const [asking, looking] = [labFleet(), labFleet()];
    const { containers } = await asking.host(own);
    const { containers: seen } = await looking.host(own);
    const isThere = async (): Promise<boolean> =>
      (await seen.exec('pxApp_1', ['ps'], 10_000)).output.includes('sleep 4711');
    const request = { command: ['sleep', '4711'], env: {}, withinMs: 600_000, signal: new AbortController().signal };
    const broken = containers.run('pxApp_1', request).catch((error: unknown) => error);
    await until('the command runs', isThere, { withinMs: 30_000, everyMs: 100 });

    await asking.close();

    expect(await broken).toBeInstanceOf(Failure);
    await until('the command has ended', async () => !(await isThere()), { withinMs: 30_000, everyMs: 100 });
    await looking.close();
  });
});
