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

// A reader that went away (`sluice status | head`) is not worth dying for in the middle of a rollout.
process.stdout.on('error', ignoreBrokenPipe);
process.stderr.on('error', ignoreBrokenPipe);

const { stdin, stdout, stderr, env: environment } = process;
try {
  process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, environment, version: version(), stop });
} catch (error) {
  const status = exitStatusOf(error);
  const stack = error instanceof Error ? error.stack : undefined;
  console.error(
    status === BUG_STATUS ? `This is a bug in sluice, please report it: ${stack ?? reasonOf(error)}` : reasonOf(error),
  );
  process.exitCode = status;
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** This file runs as `dist/src/main.js`. */
function version(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return text;
}
