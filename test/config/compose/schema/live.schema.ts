import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { containerSchema } from '../../../../src/config/playbook/container.ts';
import { unsupportedKeys } from '../../../../src/config/playbook/unsupported-keys.ts';
import { allCases, answerFile } from '../parity/case.ts';
import { documentOf, places, values } from './probes.ts';

interface Schema {
  readonly $schema: string;
  readonly definitions: { readonly service: { readonly properties: object } };
}

/** schema/compose-spec.json of github.com/compose-spec/compose-spec, at SLUICE_COMPOSE_SCHEMA. */
const schema = JSON.parse(readFileSync(process.env['SLUICE_COMPOSE_SCHEMA'] ?? '', 'utf8')) as Schema;
const keys = Object.keys(schema.definitions.service.properties);
// It names its own language in a way that this library does not know; the language it knows.
const validate = new Ajv({ unknownFormats: 'ignore' }).compile({ ...schema, $schema: undefined });
const isValid = (document: unknown): boolean => validate(document) === true;

it('knows the keys of a service that sluice knows', () => {
  expect(keys.toSorted()).toEqual([...Object.keys(containerSchema.shape), ...Object.keys(unsupportedKeys)].toSorted());
});

it('says of every value at every place what is kept; with SLUICE_RECORD=1 it is kept', () => {
  const all = [...keys.map((key) => `services.web.${key}`), ...places];
  const verdicts = all.map((place) => {
    const refused = Object.keys(values).filter((name) => !isValid(documentOf(place, values[name])));
    return `${place}: ${refused.join(', ')}\n`;
  });
  const file = join(import.meta.dirname, 'verdicts.txt');

  if (process.env['SLUICE_RECORD'] === '1') writeFileSync(file, verdicts.join(''));
  expect(verdicts.join('')).toBe(readFileSync(file, 'utf8'));
});

it.each(allCases())('takes $name, as sluice does', (one) => {
  const document: unknown = parse(readFileSync(answerFile(one), 'utf8'));

  expect(isValid(document) ? [] : validate.errors).toEqual([]);
});
