/** What plays give under the name of a secret, and where none of it may stand. */
import { expectedText } from '../../rollout/expected.ts';
import { hooksOfPlays } from '../../rollout/hooks.ts';
import { specsOf, type Instance, type Probe } from '../../rollout/model.ts';
import type { Play } from '../../rollout/play.ts';
import type { Secrets } from '../../rollout/secret.ts';
import type { HostProblem } from './complaints.ts';
import type { Fronted } from './host-resolver.ts';

/** Takes in what containers, hooks and metrics are given. */
export function noteSecretsOf(plays: readonly Play[], secrets: Secrets): void {
  const instances = plays.flatMap((play) => play.hosts.flatMap((host) => host.instances));
  const hooks = hooksOfPlays(plays);
  for (const { spec } of hooks) secrets.addNamed('env', spec?.env);
  const metrics = [...hooks.map(({ gate }) => gate), ...instances.map(({ monitor }) => monitor?.metric)];
  for (const metric of metrics) if (metric) addHeaders(metric.spec.headers, secrets);
  for (const { environment, labels, annotations, logging, files = [] } of instances.flatMap(specsOf)) {
    secrets.addNamed('container', { environment, labels, annotations, logging: logging?.options });
    for (const { kind, content } of files) {
      if (kind === 'secret') secrets.add(Buffer.from(content, 'base64').toString('utf8'));
    }
  }
}

/** What a header such as `Authorization: Bearer …` or `Cookie: session=…` has is known by itself, too. */
function addHeaders(headers: Readonly<Record<string, string>>, secrets: Secrets): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^(accept|content|user-agent$)/i.test(name)) continue;
    secrets.add(value);
    secrets.add(value.slice(value.indexOf(' ') + 1));
    for (const [, part] of value.matchAll(/=([^;]*)/g)) secrets.add(part ?? '');
  }
}

/**
 * Probes with a secret in them. The journal, and the record on the host, must have them as they are: whoever goes back to
 * the old container without the playbook has it proved by them.
 */
export function exposedIn(fronted: readonly Fronted[], secrets: Secrets): readonly HostProblem[] {
  if (secrets.isEmpty) return [];
  return fronted.flatMap(({ instance, host, app }) =>
    textsOf(instance).flatMap(([key, text]): HostProblem[] => {
      const found = secrets.firstIn(text);
      if (!found) return [];
      const whose = found.name === undefined ? '' : ` (the value of ${found.name})`;
      const message = `has a secret in it${whose}, and is kept in clear for a rollback: ${insteadOf[key]}`;
      return [{ path: [...app.at, 'ready', key], message, host: host.name }];
    }),
  );
}

const IN_ENVIRONMENT = "the container's environment can hold it, and its commands find it there";

const insteadOf = {
  command: IN_ENVIRONMENT,
  http: `say command instead; ${IN_ENVIRONMENT}`,
  body: 'ask for something else',
  header: 'ask for something else',
} as const;

type Text = readonly [key: keyof typeof insteadOf, text: string];

function textsOf({ ready, slots }: Instance): readonly Text[] {
  return (slots?.map((slot) => slot.ready) ?? [ready]).flatMap(({ probe }) => (probe ? textsIn(probe) : []));
}

function textsIn(probe: Probe): readonly Text[] {
  switch (probe.kind) {
    case 'command':
      return [['command', probe.command.join('\n')]];
    case 'tcp':
      return [];
    case 'http':
      return [
        ['http', probe.url],
        ...(probe.body ? [['body', expectedText(probe.body)] as const] : []),
        ...Object.values(probe.headers ?? {}).map((expected) => ['header', expectedText(expected)] as const),
      ];
  }
}
