import type { ScalarTag, Tags } from 'yaml';
import { UnsafeText, type VaultText, type WrittenNumber } from '../values.ts';
import { readEnvelope, sealed, type Vault, VaultProblem } from '../vault.ts';
import { floatOf, integerOf } from './numbers.ts';

/**
 * How a word without quotes is read: YAML 1.1 as PyYAML implements it, since that is what Ansible's files are
 * written for. Unlike the specification, `y` and `n` are words, and `1e3` is one too, a float needs its dot.
 * Dates stay text.
 *
 * @see https://yaml.org/type/
 */
const plainTags: Tags = [
  'map',
  'seq',
  plain('null', /^(?:~|null|Null|NULL|)$/, () => null),
  plain('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  plain('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  plain('int', /^[-+]?0b[01_]+$/, (written) => integer(written, 2)),
  plain('int', /^[-+]?0x[\da-fA-F_]+$/, (written) => integer(written, 16)),
  plain('int', /^[-+]?0[0-7_]+$/, (written) => integer(written, 8)),
  plain('int', /^[-+]?(?:0|[1-9][\d_]*)$/, (written) => integer(written, 10)),
  plain('int', /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/, sexagesimal),
  plain('float', /^(?:[-+]?\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?$/, (written) =>
    floatOf(Number(digitsOf(written))),
  ),
  plain('float', /^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/, (written) => floatOf(sexagesimal(written))),
  plain('float', /^[-+]?\.(?:inf|Inf|INF)$/, (written) => (written.startsWith('-') ? -Infinity : Infinity)),
  plain('float', /^\.(?:nan|NaN|NAN)$/, () => NaN),
  { tag: 'tag:yaml.org,2002:str', default: true, resolve: (written: string) => written },
];

/** A float of JSON needs no dot. */
const jsonFloat = plain('float', /^-?\d+(?:\.\d+)?[eE][-+]?\d+$/, (written) => floatOf(Number(written)));

/** Those, and Ansible's own. `isJson`: that Ansible takes the file for JSON, which it tries first. */
export function yamlTagsFor(vault: Vault, isJson: boolean): Tags {
  const sealedAs = (tag: string): ScalarTag => ({
    tag,
    resolve: (written, complain) => sealedText(written, complain, vault),
  });
  return [
    ...(isJson ? [jsonFloat] : []),
    ...plainTags,
    { tag: '!unsafe', resolve: (written: string) => new UnsafeText(written) },
    sealedAs('!vault'),
    sealedAs('!vault-encrypted'),
  ];
}

function sealedText(written: string, complain: (message: string) => void, vault: Vault): VaultText {
  try {
    readEnvelope(written);
  } catch (error) {
    if (!(error instanceof VaultProblem)) throw error;
    complain(`is encrypted with Ansible Vault, but ${error.message}`);
  }
  return sealed(written, vault);
}

function plain(name: string, test: RegExp, resolve: (written: string) => unknown): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

const prefixes: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

function integer(written: string, base: 2 | 8 | 10 | 16): number | WrittenNumber {
  const digits = digitsOf(written).replace(/^[-+]?(?:0b|0x)?/, '');
  return integerOf(written.startsWith('-'), digits === '' ? '0' : `${prefixes[base] ?? ''}${digits}`);
}

/** `22:30` is 22 × 60 + 30. */
function sexagesimal(written: string): number {
  const sum = digitsOf(written)
    .replace(/^[-+]/, '')
    .split(':')
    .reduce((total, digits) => total * 60 + Number(digits), 0);
  return written.startsWith('-') ? -sum : sum;
}

function digitsOf(written: string): string {
  return written.replaceAll('_', '');
}
