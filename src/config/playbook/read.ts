import {
  Complaints,
  type DocumentPath,
  failureOf,
  LARGEST_BY_HAND,
  readDocument,
  type YamlDocument,
} from '../document.ts';
import { hasTemplate } from '../template.ts';
import { Vault } from '../vault.ts';
import { complaintAbout, type Problem, problemsOf } from './complaints.ts';
import { isMapping, UnsafeText, VaultText } from '../values.ts';
import { unrendered } from './field.ts';
import { paceRules } from './pace-rules.ts';
import { balancerRules, containerRules, missingBackends, probeRules, timesWithoutQuotes } from './rules.ts';
import { playbookSchema } from './schema.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** A play whose keys are right; templates are not rendered yet. */
export type WrittenPlay = Mapping & { readonly apps: readonly Mapping[] };

export interface WrittenPlaybook {
  readonly document: YamlDocument;
  readonly plays: readonly WrittenPlay[];
  /** What is wrong as it is written: what does not depend on that can still be looked at. */
  readonly problems?: readonly Problem[];
}

/**
 * Reads a playbook as it is written. A template may stand for any value; what it becomes is looked at by
 * `resolvePlays`.
 *
 * @throws Failure 'config' with everything that is wrong, each with its line
 */
export function readPlaybook(path: string, text: string, vault = new Vault()): WrittenPlaybook {
  const { document, plays, problems = [] } = lookThrough(path, text, vault);
  if (problems.length > 0) throw failureOf(problems.map((problem) => complaintAbout(document, problem)));
  return { document, plays };
}

/**
 * The same, but what is wrong in it is in the answer, so that `resolvePlays` can tell it with what it finds itself.
 *
 * @throws Failure 'config' when it is not even a list of plays
 */
export function lookThrough(path: string, text: string, vault = new Vault()): WrittenPlaybook {
  const document = documentOf(path, text, vault);
  const written = withoutExtensions(document.value);
  const value = withTemplatesHidden(written, []);
  const result = playbookSchema.safeParse(value);
  const problems: Problem[] = [
    ...(result.success ? [] : problemsOf(result.error, playbookSchema, value)),
    ...timesWithoutQuotes(document, text),
    ...missingBackends(value),
    ...containerRules(value),
    ...balancerRules(value),
    ...probeRules(value),
    ...paceRules(value),
  ];
  if (problems.some((one) => one.path.length < 2)) {
    throw failureOf(problems.map((problem) => complaintAbout(document, problem)));
  }
  return { document, plays: written as readonly WrittenPlay[], problems };
}

function documentOf(path: string, text: string, vault: Vault): YamlDocument {
  try {
    return readDocument(path, text, vault, LARGEST_BY_HAND);
  } catch (error) {
    throw error instanceof Complaints ? failureOf(error.complaints) : error;
  }
}

/** Without the keys that begin with `x-`, in plays, apps and containers: they are the writer's own. */
function withoutExtensions(value: unknown): unknown {
  return listed(value, (play) =>
    mapped(play, (keys) => ({
      ...keys,
      ...('apps' in keys && { apps: listed(keys['apps'], (app) => mapped(app, withPlainContainer)) }),
    })),
  );
}

function withPlainContainer(app: Mapping): Mapping {
  return { ...app, ...('container' in app && { container: mapped(app['container'], (keys) => keys) }) };
}

function mapped(value: unknown, change: (mapping: Mapping) => Mapping): unknown {
  if (!isMapping(value)) return value;
  return change(Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-'))));
}

function listed(value: unknown, change: (item: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(change) : value;
}

function withTemplatesHidden(value: unknown, path: DocumentPath): unknown {
  const inside = (step: string | number, item: unknown): unknown => withTemplatesHidden(item, [...path, step]);
  if (value instanceof VaultText) return unrendered;
  if (value instanceof UnsafeText) return value.text;
  if (typeof value === 'string') return hasTemplate(value) && !isFrame(path) ? unrendered : value;
  if (Array.isArray(value)) return value.map((item: unknown, index) => inside(index, item));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(key, item)]));
}

/** Plays, their apps and their variables must be there before anything can be rendered. */
function isFrame([play, key, app, ...rest]: DocumentPath): boolean {
  if (play === undefined || key === undefined) return true;
  if (app === undefined) return key === 'apps' || key === 'vars';
  return key === 'apps' && rest.length === 0;
}
