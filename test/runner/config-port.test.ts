import { aServer } from '../support/builders.ts';
import { behavesLikeAConfigPort } from '../support/contracts/config-port.ts';
import { PushStory } from '../support/push-story.ts';

behavesLikeAConfigPort('the fake configuration file', async () => {
  const story = await PushStory.on();
  const file = story.file();
  file.nonsense = 'nonsense';
  return {
    ...{ file, records: story.recordsOf('fe1'), balancer: (await story.fleet.host('fe1')).haproxy },
    servers: [aServer('pxApp_1'), aServer('pxApp_2'), aServer('pxApp_3')],
    changed: (text) => `${text}# changed\n`,
    broken: (text) => `${text}nonsense\n`,
    end: async () => undefined,
  };
});
