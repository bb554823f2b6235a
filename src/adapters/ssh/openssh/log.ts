/** What `ssh -v` tells on its standard error, of which much is for people only: its words are those of OpenSSH 7 to 10. */

const LAST_WORDS = 20;

/** The host's key as it was shown, and the line that it is known by. */
export interface ShownKey {
  readonly key: string;
  readonly knownBy: string | undefined;
}

export class Log {
  /** What it said that is not for debugging, at last. */
  readonly said: string[] = [];
  /** Keys that were shown to the host. */
  readonly offered: string[] = [];
  /** The key that the host would take. */
  accepted: string | undefined;
  /** The method by which we were let in. */
  method: string | undefined;
  #hostKey: string | undefined;
  #knownBy: string | undefined;
  #torn = '';

  get hostKey(): ShownKey {
    return { key: this.#hostKey ?? 'unknown', knownBy: this.#knownBy };
  }

  hear(chunk: Buffer): void {
    const lines = `${this.#torn}${chunk.toString()}`.split('\n');
    this.#torn = lines.pop() ?? '';
    for (const line of lines) this.#heard(line.trim());
  }

  /** What `pattern` finds in the last of its words that have it. */
  find(pattern: RegExp): RegExpExecArray | undefined {
    return this.said.flatMap((line) => [pattern.exec(line)].filter((found) => found !== null)).at(-1);
  }

  #heard(line: string): void {
    const [, debugged] = /^debug\d: (.*)$/.exec(line) ?? [];
    if (debugged !== undefined) this.#heardDebug(debugged);
    else this.#heardWords(line);
  }

  #heardWords(line: string): void {
    const [, method] = /^Authenticated to .* using "([\w-]+)"/.exec(line) ?? [];
    this.method ??= method;
    if (line !== '' && !/^(OpenSSH_|Authenticated to |Transferred: |Bytes per second: )/.test(line))
      this.said.push(line);
    if (this.said.length > LAST_WORDS) this.said.shift();
  }

  #heardDebug(line: string): void {
    const [, type, fingerprint] = /^Server host (?:key|certificate): (\S+) (\w+:[^\s,]+)/.exec(line) ?? [];
    if (type !== undefined && fingerprint !== undefined) this.#hostKey = `${fingerprint} (${type})`;
    const [, authority, file] = /^Found (CA )?key in (.+)$/.exec(line) ?? [];
    if (file !== undefined) this.#knownBy = `${authority === undefined ? 'known' : 'certified'} by ${file}`;
    const [, what, key] = /^(Offering public key|Server accepts key): (.* \S+ \w+:\S+)/.exec(line) ?? [];
    if (what === 'Offering public key' && key !== undefined) this.offered.push(key);
    if (what === 'Server accepts key') this.accepted = key;
    this.method ??= /^Authentication succeeded \(([\w-]+)\)/.exec(line)?.[1];
  }
}
