import type { StopSwitch } from './stop.ts';

/** What a command has around it, handed in so that tests can be the terminal. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly stop: StopSwitch;
}
