import { isMapping, UnsafeText, VaultText, WrittenNumber } from '../values.ts';

/** JSON as Ansible's commands print it: keys sorted, four blanks for each level, numbers as Python writes them. */
export function pythonJson(value: unknown, indent = ''): string {
  const inner = `${indent}    `;
  const block = (open: string, items: readonly string[], close: string): string =>
    items.length === 0 ? `${open}${close}` : `${open}\n${items.map((it) => inner + it).join(',\n')}\n${indent}${close}`;
  if (value instanceof UnsafeText) return pythonJson({ __ansible_unsafe: value.text }, indent);
  if (value instanceof VaultText) return pythonJson({ __ansible_vault: value.envelope }, indent);
  if (Array.isArray(value)) {
    return block(
      '[',
      value.map((item) => pythonJson(item, inner)),
      ']',
    );
  }
  if (isMapping(value)) {
    const keys = Object.keys(value).toSorted(byCodePoint);
    return block(
      '{',
      keys.map((key) => `${JSON.stringify(key)}: ${pythonJson(value[key], inner)}`),
      '}',
    );
  }
  return numberText(value) ?? JSON.stringify(value);
}

/** A value as Python's `str()` prints it. */
export function pythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof UnsafeText ? value.text : pythonLiteral(value);
}

/** A value as Python's `repr()` prints it. */
function pythonLiteral(value: unknown): string {
  if (value instanceof UnsafeText) return textLiteral(value.text);
  if (value instanceof VaultText) return textLiteral(value.open());
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (isMapping(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${textLiteral(key)}: ${pythonLiteral(item)}`);
    return `{${entries.join(', ')}}`;
  }
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === Infinity || value === -Infinity || Number.isNaN(value))
    return String(value).replace('Infinity', 'inf').toLowerCase();
  return numberText(value) ?? 'None';
}

/** Single quotes, unless only those are in it. */
function textLiteral(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t\x00-\x1f\x7f]/g, (character) => {
    const short = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** Undefined for what is no number. */
function numberText(value: unknown): string | undefined {
  if (value instanceof WrittenNumber) return value.text;
  if (typeof value !== 'number') return undefined;
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? String(value) : floatText(value);
}

/** Python has an exponent, of two digits, from 1e16 on and below 1e-4. */
function floatText(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 16) return String(value);
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${digits}e${sign}${exponent.slice(1).padStart(2, '0')}`;
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
