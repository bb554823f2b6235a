/** What the services of a play say of its pace, under `deploy`, where the play says nothing itself. */
import type { z } from 'zod';
import type { Place } from '../compose/nodes.ts';
import type { DocumentPath } from '../document.ts';
import { durationText } from '../../rollout/durations.ts';
import type { Back } from '../../rollout/play.ts';
import type { Share } from '../../rollout/policy.ts';
import type { Serial } from '../../rollout/serial.ts';
import type { Problem } from './complaints.ts';
import type { Deploy } from './resources.ts';
import type { paceSchema } from './pace-schema.ts';
import type { RollbackConfig, UpdateConfig } from './update-config.ts';

type Pace = z.infer<typeof paceSchema>;

/** The `deploy` of one app, and where its keys are written. */
export interface Deployed {
  readonly deploy: Deploy;
  readonly placeOf: (path: DocumentPath) => Place;
}

/** The keys that are about the whole play, and the play's own key for each. */
const playKeys = {
  parallelism: 'serial',
  delay: 'pause',
  failure_action: 'on_failure',
  max_failure_ratio: 'max_failures',
} as const;

type Key = keyof typeof playKeys;

interface Said {
  readonly value: unknown;
  readonly place: Place;
}

export class DeployedPace {
  readonly #pace: Pace;
  readonly #said = new Map<string, Said>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Where it says otherwise than an app before it, and the play does not decide. `at`: the app. */
  add({ deploy, placeOf }: Deployed, at: DocumentPath): Problem[] {
    return (['update_config', 'rollback_config'] as const).flatMap((part) =>
      (Object.keys(playKeys) as Key[]).flatMap((key): Problem[] => {
        const value = deploy[part]?.[key];
        if (value === undefined || (part === 'update_config' && isDecided(key, this.#pace))) return [];
        const place = placeOf([part, key]);
        const before = this.#said.get(`${part}.${key}`);
        this.#said.set(`${part}.${key}`, before ?? { value, place });
        if (before === undefined || before.value === value) return [];
        const { file, line, column } = before.place;
        const hint = part === 'update_config' ? `say ${playKeys[key]} in the play` : 'make both the same';
        const message = `deploy.${part}.${key}: is ${textOf(key, value)}, but ${file}:${line}:${column} says ${textOf(key, before.value)} for the same play: ${hint}`;
        return [{ path: at, place, message }];
      }),
    );
  }

  /** What the play says, and else what its services do. */
  get pace(): Pace {
    const { parallelism, delay, failure_action, max_failure_ratio } = this.#config<UpdateConfig>('update_config');
    const pace = this.#pace;
    const onFailure = pace.on_failure ?? failure_action;
    const hasLimit = isDecided('max_failure_ratio', pace);
    return {
      ...pace,
      serial: pace.serial ?? (pace.window === undefined ? serialOf(parallelism) : undefined),
      pause: pace.pause ?? delay,
      on_failure: onFailure,
      max_failures: hasLimit ? pace.max_failures : shareOf(max_failure_ratio, onFailure),
    };
  }

  /** How a rollback goes on; undefined: nothing is said of it. */
  get back(): Back | undefined {
    const written = this.#config<RollbackConfig>('rollback_config');
    if (Object.keys(written).length === 0) return undefined;
    const { parallelism, delay, failure_action: onFailure = 'pause', max_failure_ratio } = written;
    return {
      serial: serialOf(parallelism),
      pauseMs: delay ?? 0,
      onFailure,
      maxFailures: shareOf(max_failure_ratio, onFailure),
    };
  }

  #config<Config>(part: 'update_config' | 'rollback_config'): Pick<Config, Key & keyof Config> {
    const entries = Object.keys(playKeys).flatMap((key) => {
      const said = this.#said.get(`${part}.${key}`);
      return said ? [[key, said.value] as const] : [];
    });
    return Object.fromEntries(entries) as Pick<Config, Key & keyof Config>;
  }
}

/** Either limit of the play is its own answer to how much may fail, and a window to how many hosts at once. */
function isDecided(key: Key, pace: Pace): boolean {
  if (key === 'max_failure_ratio' && pace.max_fail_percentage !== undefined) return true;
  if (key === 'parallelism' && pace.window !== undefined) return true;
  return pace[playKeys[key]] !== undefined;
}

function textOf(key: Key, value: unknown): string {
  return key === 'delay' ? durationText(Number(value)) : String(value);
}

/** As many tasks of a service at the same time are as many hosts, since each host has one instance in work. */
function serialOf(parallelism: number | undefined): Serial | undefined {
  if (parallelism === undefined) return undefined;
  return [parallelism === 0 ? { percent: 100 } : { hosts: parallelism }];
}

/** With `continue` a ratio decides nothing. 0.29 is 29 %, not the 28.999… that the product is. */
function shareOf(ratio: number | undefined, onFailure: string | undefined): Share | undefined {
  if (ratio === undefined || onFailure === 'continue') return undefined;
  return { percent: Math.round(ratio * 1e6) / 1e4 };
}
