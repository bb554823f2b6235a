import { FakeCommands } from '../support/fake-commands.ts';
import { behavesLikeCommands } from '../support/contracts/commands.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

behavesLikeCommands('the fake', async () => ({
  commands: new FakeCommands(new VirtualClock()),
  end: async () => undefined,
}));

behavesLikeCommands("the fake engine's container", async () => {
  const { containers } = await (await FakeFleet.up(['fe1'])).host('fe1');
  return { commands: { run: (request) => containers.run('pxApp_1', request) }, end: async () => undefined };
});
