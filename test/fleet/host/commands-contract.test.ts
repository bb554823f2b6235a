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
