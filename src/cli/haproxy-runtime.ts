/** `haproxy show`, `weights`, `sessions` and `exec`: what HAProxy says and is told at runtime. */
import pLimit from 'p-limit';
import { systemClock } from '../adapters/system-clock.ts';
import { selectHosts } from '../config/inventory/patterns.ts';
import { exitStatuses, Failure } from '../errors.ts';
import { EVENT_SCHEMA, type HostSummary } from '../rollout/events.ts';
import type { Secrets } from '../rollout/secret.ts';
import { sessionsText, showText, weightsText, type RuntimeLook } from '../report/haproxy-runtime.ts';
import { askRuntime } from '../runner/haproxy/ask-runtime.ts';
import { answerEnds, weightEnds } from '../runner/haproxy/runtime-ends.ts';
import { lookAtRuntime } from '../runner/haproxy/look-at-runtime.ts';
import { setWeights, type WeightSet } from '../runner/haproxy/set-weights.ts';
import type { RuntimeAction, Command } from './command.ts';
import { runtimeAsk } from './config-access.ts';
import { confirm, demandTerminal } from './confirm.ts';
import { commandOf, weightsIn } from './runtime-words.ts';
import { statusOfAll } from './exit-of.ts';
import { inSession, interruptible, type CliSession } from './session.ts';
import type { Surroundings } from './surroundings.ts';

export type RuntimeCommand = Extract<Command, RuntimeAction>;

export async function haproxyRuntime(command: RuntimeCommand, around: Surroundings): Promise<number> {
  return inSession(command, around, async (session) => {
    const hosts = selectHosts(session.inventory, command.pattern, command.limit);
    await session.prepare(hosts);
    const acting = { command, session, around, hosts };
    if (command.action === 'exec') return exec(acting);
    return command.action === 'weights' && command.words.length > 0 ? set(acting) : look(acting);
  });
}

interface Acting {
  readonly command: RuntimeCommand;
  readonly session: CliSession;
  readonly around: Surroundings;
  readonly hosts: readonly string[];
}

async function look({ command, session, around, hosts }: Acting): Promise<number> {
  const { action, place, forks } = command;
  const wants = { hosts, place, forks, sessions: action === 'sessions' };
  const looks = await interruptible(() => lookAtRuntime(wants, session.context.fleet), around);
  const { secrets } = session.vault;
  if (command.json) around.stdout.write(looks.map((one) => `${lookJson(one, secrets)}\n`).join(''));
  const text = { show: showText, weights: weightsText, sessions: sessionsText, exec: showText }[action];
  session.print(text(looks, session.paint));
  return statusOfAll(looks.flatMap(({ failure }) => failure ?? []));
}

function lookJson({ failure, ...rest }: RuntimeLook, secrets: Secrets): string {
  const told = secrets.hideIn({ ...rest, failure: failure?.message });
  return JSON.stringify({ schema: EVENT_SCHEMA, type: 'haproxy-runtime', ...told });
}

async function set({ command, session, around, hosts }: Acting): Promise<number> {
  const weights = weightsIn(command.words);
  const words = weights.map(({ path, weight }) => `${path} ${weight}`).join(', ');
  const question = `Set ${words} on ${hosts.join(', ')}?`;
  if (!command.yes) {
    demandTerminal(question, around);
    if (!(await confirm(question, around)))
      throw new Failure('interrupted', 'Nothing was changed: it was not confirmed');
  }
  await session.begin({ command: 'haproxy weights', hosts }, true);
  const set: WeightSet[] = [];
  // As each is set: a failure in the middle must not hide those before it.
  const onSet = (one: WeightSet): void => {
    set.push(one);
    const told = session.vault.secrets.hideIn({ ...one });
    if (command.json)
      around.stdout.write(`${JSON.stringify({ schema: EVENT_SCHEMA, type: 'haproxy-weight', ...told })}\n`);
    session.print([`${one.host}  ${one.path} weight ${one.from} → ${one.to}`]);
  };
  let failure: Failure | undefined;
  try {
    await setWeights({ hosts, place: command.place, weights, onSet }, session.context);
  } catch (error) {
    if (!(error instanceof Failure) || (set.length === 0 && error.code !== 'some-failed')) throw error;
    // Something was set, or may have been: it is not as it was.
    failure = new Failure('some-failed', error.message, { cause: error });
    session.print([session.paint('bad', `problem: ${error.message}`)]);
  }
  const ends = weightEnds({ hosts, each: weights.length, set, failure });
  return concluded('haproxy weights', { ends, failure }, session);
}

/** Tells the journal how it ended, and gives the exit status. */
function concluded(
  command: 'haproxy weights' | 'haproxy exec',
  { ends, failure }: { readonly ends: readonly HostSummary[]; readonly failure: Failure | undefined },
  { report, startedMs }: CliSession,
): number {
  const exitStatus = failure ? exitStatuses[failure.code] : 0;
  const end = failure ? 'someFailed' : 'done';
  report({ type: 'run-ended', command, end, ms: systemClock.now() - startedMs, hosts: ends, exitStatus });
  return exitStatus;
}

/** What changes something needs the locks of the hosts, and --yes. */
async function exec({ command, session, around, hosts }: Acting): Promise<number> {
  const { line, changes } = commandOf(command.words);
  if (changes && !command.yes) {
    const why = 'it may change something: --yes has it done, while no run has these hosts';
    throw new Failure('config', `Cannot send "${line}": ${why}`);
  }
  if (changes) await session.begin({ command: 'haproxy exec', hosts }, true);
  const { context, fleet, vault } = session;
  const ask = (host: string): Promise<string> => runtimeAsk(fleet.link(host), command.place, line);
  const limit = pLimit(command.forks);
  const asked = askRuntime(
    { hosts, changing: changes ? line : undefined, ask: (host) => limit(() => ask(host)) },
    context,
  );
  const answers = changes ? await asked : await interruptible(() => asked, around);
  for (const { host, answer, failure } of answers) {
    const json = JSON.stringify({
      schema: EVENT_SCHEMA,
      type: 'haproxy-answer',
      ...vault.secrets.hideIn({ host, answer, failure: failure?.message }),
    });
    if (command.json) around.stdout.write(`${json}\n`);
    session.print([
      ...(hosts.length > 1 ? [session.paint('strong', `# ${host}`)] : []),
      ...(failure ? [session.paint('bad', `problem: ${failure.message}`)] : answer.trimEnd().split('\n')),
    ]);
  }
  const failures = answers.flatMap(({ failure }) => failure ?? []);
  if (changes) return concluded('haproxy exec', { ends: answerEnds(answers), failure: failures[0] }, session);
  return statusOfAll(failures);
}
