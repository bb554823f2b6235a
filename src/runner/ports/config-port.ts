/** What the runner needs of the configuration file of one HAProxy, in the runner's own words. */
import type { Carried } from '../../rollout/carry-over.ts';

export type { Carried } from '../../rollout/carry-over.ts';

/** All servers of one worker. */
export interface Standings {
  readonly pid: number;
  readonly servers: readonly Carried[];
  /** In HAProxy's own form, which only the port reads. */
  readonly state: string;
}

/** A file by which HAProxy comes from one configuration to another with its servers as they stand. */
export interface Passage {
  readonly text: string;
  /** What is put beside it. */
  readonly state: string;
}

/** A push that is under way on a host, kept there from `backUp` on, so that the next one finds out about it. */
export interface PushRecord {
  readonly path: string;
  readonly by: string;
  readonly run: string;
  /** RFC 3339. */
  readonly at: string;
  /** The worker before, which has the file that is backed up. */
  readonly pid: number;
  /** How its servers stood, those that stood otherwise than configured. */
  readonly servers: readonly Carried[];
}

/** What came of asking for a reload. */
export type Reloaded = { readonly ok: true; readonly how: string } | { readonly ok: false; readonly why: string };

/** The configuration file of one HAProxy. */
export interface ConfigPort {
  /** The file's text; undefined: there is no such file. */
  read(): Promise<string | undefined>;
  /** What HAProxy has against this text; undefined: nothing. A candidate stands beside the file for that long. */
  refusal(text: string): Promise<string | undefined>;
  /** Addresses that only `to` binds, and that somebody else listens at. */
  takenBinds(from: string, to: string): Promise<readonly string[]>;
  /** How HAProxy is reloaded. @throws Failure when that cannot be found out */
  way(): Promise<string>;
  standings(): Promise<Standings>;
  /** What HAProxy may be led through; undefined: there is nothing that would be lost otherwise, or no way. */
  passage(from: string, to: string, standings: Standings): Promise<Passage | undefined>;
  /** Keeps the file as it is beside it, for `putBack`; that there is none, too. */
  backUp(): Promise<void>;
  /** The text that `backUp` has kept; undefined: there was no file. */
  backedUp(): Promise<string | undefined>;
  /** Replaces the file whole, with the same owner and mode, or writes over one that is mounted by itself. */
  put(text: string, state?: string): Promise<void>;
  /** What `backUp` has kept, byte by byte. */
  putBack(): Promise<void>;
  /** Removes what stands beside the file for the time of a push. */
  tidy(): Promise<void>;
  reload(pid: number): Promise<Reloaded>;
  /** Reloads in a row that have failed; undefined when that cannot be told. */
  failedReloads(): Promise<number | undefined>;
}

/** The push that is under way on a host, or that has died there. */
export interface PushRecords {
  read(): Promise<PushRecord | undefined>;
  write(record: PushRecord): Promise<void>;
  drop(): Promise<void>;
}
