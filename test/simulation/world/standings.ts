import type { Standing } from '../../../src/rollout/model.ts';
import { inFirstSlot, inOtherSlot } from './fronts.ts';

/** How each server may stand in the end, by `host backend/server`: what was there, and what others have wished since. */
export class Standings {
  readonly #now = new Map<string, Set<string>>();
  /** All of it, whatever came after. */
  readonly #ever = new Map<string, Set<string>>();

  constructor(all: ReadonlyMap<string, Standing>) {
    for (const [key, standing] of all) this.set(key, [standingText(standing)]);
  }

  set(key: string, texts: readonly string[]): void {
    this.#now.set(key, new Set(texts));
    for (const text of texts) this.#addEver(key, text);
  }

  add(key: string, standing: Standing): void {
    this.#now.get(key)?.add(standingText(standing));
    this.#addEver(key, standingText(standing));
  }

  of(key: string): readonly string[] {
    return [...(this.#now.get(key) ?? [])];
  }

  allow(key: string, standing: Standing): boolean {
    return this.#allowed(key).includes(standingText(standing));
  }

  expected(key: string): string {
    return this.#allowed(key).join(' or ');
  }

  /**
   * Whether the servers of two slots have between them exactly what they had. Where others have wished something, or a
   * reload has brought back what is configured, each may have any of it: it is not to be told which they meant.
   */
  keepsPair(key: string, standing: Standing, otherStanding: Standing): boolean {
    const ever = [key, inOtherSlot(key)].map((each) => [...(this.#ever.get(each) ?? [])]);
    const [[one, ...more] = [], [other, ...moreOfOther] = []] = ever;
    if (more.length + moreOfOther.length > 0) return true;
    const [now, otherNow] = [standingText(standing), standingText(otherStanding)];
    return (now === one && otherNow === other) || (now === other && otherNow === one);
  }

  /** Whoever goes to the other slot takes its standing along, and may bring it back, whatever others wish meanwhile. */
  #allowed(key: string): readonly string[] {
    const one = inFirstSlot(key);
    const other = inOtherSlot(one);
    if (!this.#ever.has(other)) return this.of(key);
    return [...new Set([one, other].flatMap((each) => [...(this.#ever.get(each) ?? [])]))];
  }

  #addEver(key: string, text: string): void {
    this.#ever.set(key, (this.#ever.get(key) ?? new Set()).add(text));
  }
}

/** As `weight admin`. */
export function standingText({ weight, admin }: Standing): string {
  return `${weight} ${admin}`;
}

export function weightIn(text: string): number {
  return Number.parseInt(text);
}

/** The same with another weight. */
export function reweighted(text: string, weight: number): string {
  return text.replace(/^\d+/, String(weight));
}
