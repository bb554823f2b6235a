import { expect, it } from 'vitest';
import { recordedVersions, recordingOf, replayOf } from './recording.ts';
import { tell } from './story.ts';

it.each(recordedVersions())('what HAProxy %s has answered is understood', async (version) => {
  const ask = replayOf(recordingOf(version));

  await tell({ ask, master: ask, reload: async () => undefined });

  await expect(ask('nothing')).rejects.toThrow('recorded is "the end"');
});
