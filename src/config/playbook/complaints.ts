import { z } from 'zod';
import type { Complaint, DocumentPath, YamlDocument } from '../document.ts';
import { suggestion } from '../inventory/suggestions.ts';
import { type FieldMeta, shown, unrendered, valueAt } from './field.ts';

/** Something wrong at `path` of the playbook. */
export interface Problem {
  readonly path: DocumentPath;
  readonly message: string;
  /** Where the complaint points; the value unless said. */
  readonly which?: 'key' | 'value';
  /** Where it is instead, when it is in another file; the message says what of it is meant. */
  readonly place?: Omit<Complaint, 'message'> | undefined;
}

/** What `schema` finds wrong with `value`, which stands at `path`. */
export function problemsOf(error: z.ZodError, schema: z.core.$ZodType, value: unknown): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const found = valueAt(value, path);
    if (found === unrendered) return [];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...path, key], partAt(schema, path)));
    }
    const isOfShape = issue.code === 'invalid_type' || issue.code === 'too_small';
    return [{ path, message: isOfShape ? wrongShape(issue, found) : issue.message }];
  });
}

function wrongShape(issue: z.core.$ZodIssueInvalidType | z.core.$ZodIssueTooSmall, found: unknown): string {
  if (found === undefined) return 'is required';
  const isList = issue.code === 'too_small' || issue.expected === 'array';
  return `should be ${isList ? 'a list of at least one' : 'a mapping'}, is ${shown(found)}`;
}

function unknownKey(path: DocumentPath, mapping: z.core.$ZodType | undefined): Problem {
  const key = String(path.at(-1));
  const { unsupported = {} } = ((mapping && z.globalRegistry.get(mapping)) ?? {}) as FieldMeta;
  const known = mapping instanceof z.ZodObject ? Object.keys(mapping.shape) : [];
  const why = Object.hasOwn(unsupported, key) ? unsupported[key] : undefined;
  const message = why === undefined ? `is no known key${suggestion(key, known)}` : `is not supported: ${why}`;
  return { path, message, which: 'key' };
}

/** The mapping at `path`. */
function partAt(schema: z.core.$ZodType, path: DocumentPath): z.core.$ZodType | undefined {
  const part = path.reduce<z.core.$ZodType | undefined>((at, step) => stepInto(at && bare(at), step), schema);
  return part && bare(part);
}

function stepInto(schema: z.core.$ZodType | undefined, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  if (!(schema instanceof z.ZodObject)) return undefined;
  const shape: z.core.$ZodLooseShape = schema.shape;
  return shape[step] as z.core.$ZodType | undefined;
}

/** Without what makes it optional, or lets it be written shorter. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPipe) return bare(schema.out);
  return schema instanceof z.ZodOptional ? bare(schema.unwrap()) : schema;
}

/** `container.ports[1]: should be …`, with the place in the file; the play and the app are told by the line. */
export function complaintAbout(document: YamlDocument, { path, message, which, place }: Problem): Complaint {
  if (place) return { ...place, message };
  const label = labelOf(path);
  return document.complaint(path, label === '' ? message : `${label}: ${message}`, which);
}

function labelOf(path: DocumentPath): string {
  const [play, apps, app, ...rest] = path;
  const within = apps === 'apps' && typeof app === 'number' && rest.length > 0 ? rest : path.slice(1);
  return play === undefined ? '' : pathText(within);
}

/** `ports[1].target` */
export function pathText(path: DocumentPath): string {
  return path.reduce<string>(
    (label, step) => (typeof step === 'number' ? `${label}[${step}]` : label === '' ? step : `${label}.${step}`),
    '',
  );
}

/** A problem of one host or, the same, of several. */
export interface HostProblem extends Problem {
  readonly host: string;
}

/** One complaint for what is wrong with the same key on many hosts, naming the first. */
export function mergedAcrossHosts(problems: readonly HostProblem[]): Problem[] {
  const merged = new Map<string, HostProblem & { readonly hosts: Set<string> }>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.place ?? problem.path, problem.message.replace(/, is .*$/, '')]);
    const known = merged.get(key) ?? { ...problem, hosts: new Set<string>() };
    known.hosts.add(problem.host);
    merged.set(key, known);
  }
  return [...merged.values()].map(({ host, hosts, message, ...rest }) => {
    const others = hosts.size - 1;
    return { ...rest, message: `${message}, on ${host}${others > 0 ? ` and ${others} more` : ''}` };
  });
}
