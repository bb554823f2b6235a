/** Values that are more than their text. They stay as they are until somebody needs the plain value. */
export type Marked = WrittenNumber | UnsafeText | VaultText;

/** A number that JavaScript would change, as Python prints it: `2.0`, or an integer with too many digits. */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `!unsafe`: never a template. */
export class UnsafeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `!vault`: encrypted until it is needed, so that whoever does not need it needs no password. */
export class VaultText {
  readonly envelope: string;
  readonly #open: (envelope: string) => string;

  constructor(envelope: string, open: (envelope: string) => string) {
    this.envelope = envelope;
    this.#open = open;
  }

  /** @throws VaultProblem if it cannot be decrypted */
  open(): string {
    return this.#open(this.envelope);
  }
}

export function isMarked(value: unknown): value is Marked {
  return value instanceof WrittenNumber || value instanceof UnsafeText || value instanceof VaultText;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isMarked(value);
}

/** The same with each {@link WrittenNumber} as its text, as templates and schemas want it. */
export function withNumbersAsText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof WrittenNumber) return value.text;
  if (isMarked(value)) return value;
  if (Array.isArray(value)) return value.map(withNumbersAsText);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNumbersAsText(item)]));
}
