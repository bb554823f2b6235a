import { isMapping, UnsafeText } from '../values.ts';
import { readEnvelope, sealed, type Vault } from '../vault.ts';
import { floatOf, integerOf } from './numbers.ts';

/** A JSON text that is a marked number stands for it while the rest is read; JSON itself has no such escape. */
const MARK = '\uE000number:';

const stringOrNumber = /"(?:[^"\\]|\\[^])*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/**
 * JSON as Ansible reads it, in Python: 2.0 is no integer, no digit of a large one is lost, and what
 * `ansible-inventory --list` has marked as encrypted or unsafe is so.
 *
 * @throws SyntaxError
 * @throws VaultProblem where what is encrypted is damaged
 * @see https://github.com/ansible/ansible/blob/stable-2.14/lib/ansible/parsing/ajson.py
 */
export function readJson(text: string, vault: Vault): unknown {
  const marked = text.replace(stringOrNumber, (written) => (isExact(written) ? written : `"${MARK}${written}"`));
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value === 'string') return value.startsWith(MARK) ? numberOf(value.slice(MARK.length)) : value;
    return unwrapped(value, vault);
  });
}

/** Whether Ansible takes a file for JSON, which it tries before YAML. */
export function isJson(source: string): boolean {
  if (!/^\s*[[{]/.test(source)) return false;
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/**
 * What stands for a text that is encrypted or unsafe, or the value itself.
 *
 * @throws VaultProblem where what is encrypted is damaged
 */
export function unwrapped(value: unknown, vault: Vault): unknown {
  if (!isMapping(value)) return value;
  const { __ansible_vault: envelope, __ansible_unsafe: unsafe } = value;
  if (typeof envelope === 'string') {
    readEnvelope(envelope);
    return sealed(envelope, vault);
  }
  return typeof unsafe === 'string' ? new UnsafeText(unsafe) : value;
}

function isExact(written: string): boolean {
  return written.startsWith('"') || (written.length < 16 && /^-?\d+$/.test(written));
}

function numberOf(written: string): unknown {
  if (/[.eE]/.test(written)) return floatOf(Number(written));
  const isNegative = written.startsWith('-');
  return integerOf(isNegative, isNegative ? written.slice(1) : written);
}
