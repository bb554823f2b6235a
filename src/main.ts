// The only module that touches the process: arguments and signals in, exit status out.
import { readFileSync } from 'node:fs';
import { run } from './cli/run.ts';
import { StopSwitch } from './cli/stop.ts';
import { BUG_STATUS, exitStatusOf, reasonOf } from './errors.ts';

const stop = new StopSwitch();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.ask(signal);
  });
}

// Neither a reader that went away (`sluice status | head`) nor a terminal that was closed is worth leaving a rollout
// half-way: whatever cannot be written is not written.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// A bug outside any step must not leave one half-way either.
let bug: unknown;
process.on('uncaughtException', (error) => {
  bug ??= error;
  tell(error);
  stop.askForBug();
});

const { stdin, stdout, stderr, env: environment } = process;
try {
  const status = await run(process.argv.slice(2), { stdin, stdout, stderr, environment, version: version(), stop });
  process.exitCode = bug === undefined ? status : BUG_STATUS;
} catch (error) {
  tell(error);
  process.exitCode = bug === undefined ? exitStatusOf(error) : BUG_STATUS;
}

function tell(error: unknown): void {
  const stack = error instanceof Error ? error.stack : undefined;
  const isBug = exitStatusOf(error) === BUG_STATUS;
  console.error(isBug ? `This is a bug in sluice, please report it: ${stack ?? reasonOf(error)}` : reasonOf(error));
}

/** This file runs as `dist/sluice/main.js`. */
function version(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return text;
}
