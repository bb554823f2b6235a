import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOptions } from './load.ts';
import { startLoad } from './load.ts';
import { textOf } from './report.ts';

export interface LoadCommand {
  readonly options: LoadOptions;
  /** Undefined: until SIGINT or SIGTERM. */
  readonly seconds: number | undefined;
  readonly isJson: boolean;
  /** File for the report as JSON. */
  readonly report: string | undefined;
}

/** Runs the load, prints its report, and answers the exit status: 1 when a request failed. */
export async function loadCommand({ options, seconds, isJson, report: file }: LoadCommand): Promise<number> {
  const load = startLoad(options);
  const stopped = [once(process, 'SIGINT'), once(process, 'SIGTERM')];
  await Promise.race(seconds === undefined ? stopped : [...stopped, sleep(seconds * 1000)]);
  const report = await load.stop();
  const json = JSON.stringify(report, null, 2);
  if (file !== undefined) writeFileSync(file, `${json}\n`);
  console.log(isJson ? json : textOf(report));
  return report.failed > 0 ? 1 : 0;
}
