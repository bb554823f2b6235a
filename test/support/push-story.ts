import type { BalancerConfig } from '../../src/rollout/balancer-config.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { PushRecord, PushRecords } from '../../src/runner/ports/config-port.ts';
import { pushConfigs, type PushRequest } from '../../src/runner/haproxy/push-configs.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { aServer } from './builders.ts';
import { FakeConfigFile } from './fake-config-file.ts';
import { FakeFleet } from './fake-fleet.ts';

export const OLD = 'old\n    option idle-close-on-response\n';
export const NEW = 'new\n    option idle-close-on-response\n';

/** A fleet whose HAProxys have files that can be pushed to. */
export class PushStory {
  readonly fleet: FakeFleet;
  readonly files = new Map<string, FakeConfigFile>();
  readonly records = new Map<string, PushRecord>();
  asked = 0;

  private constructor(fleet: FakeFleet) {
    this.fleet = fleet;
  }

  static async on(names: readonly string[] = ['fe1']): Promise<PushStory> {
    const story = new PushStory(await FakeFleet.up(names));
    for (const name of names) {
      const { haproxy } = await story.fleet.host(name);
      story.files.set(name, new FakeConfigFile(haproxy, aServer('any', name).balancer, OLD));
    }
    return story;
  }

  file(host = 'fe1'): FakeConfigFile {
    const file = this.files.get(host);
    if (!file) throw new Error(`there is no ${host}`);
    return file;
  }

  async push(over: Partial<PushRequest> = {}, context: Partial<RunContext> = {}): Promise<RunResult> {
    const request: PushRequest = {
      ...{ configs: [...this.files.keys()].map((host) => aConfig(host)), serial: undefined },
      reach: ({ balancer: { host } }) => ({ file: this.file(host), records: this.recordsOf(host) }),
      onPlanned: () => undefined,
      confirm: async () => {
        this.asked += 1;
        return true;
      },
      ...over,
    };
    return pushConfigs(request, { ...this.fleet.context(), ...context });
  }

  recordsOf(host: string): PushRecords {
    return {
      read: async () => this.records.get(host),
      write: async (record) => {
        this.records.set(host, record);
      },
      drop: async () => {
        this.records.delete(host);
      },
    };
  }

  async servers(host = 'fe1'): Promise<readonly string[]> {
    const { haproxy } = await this.fleet.host(host);
    return Object.entries(haproxy.weights()).map(([name, state]) => `${name} ${state}`);
  }

  async setAtRuntime(): Promise<void> {
    const { haproxy } = await this.fleet.host('fe1');
    await haproxy.setWeight(aServer('pxApp_1'), 7);
    await haproxy.setAdmin(aServer('pxApp_2'), 'maint');
  }

  steps(): string {
    const told = this.fleet.events.filter(
      (event): event is Extract<RunEvent, { type: 'config-step' }> => event.type === 'config-step',
    );
    return told.map(({ step, isOk }) => (isOk ? step : `${step}!`)).join(' ');
  }

  problems(): readonly string[] {
    return this.fleet.events.flatMap((event) => (event.type === 'problem' ? [event.text] : []));
  }
}

export function aConfig(host = 'fe1', over: Partial<BalancerConfig> = {}): BalancerConfig {
  const { balancer } = aServer('any', host);
  return { balancer, path: '/h.cfg', reload: undefined, text: NEW, behind: [host], serial: [{ hosts: 1 }], ...over };
}

export const AS_SET = ['pxApp_1 7 ready UP', 'pxApp_2 20 maint UP', 'pxApp_3 30 ready UP'];
export const AS_CONFIGURED = ['pxApp_1 10 ready UP', 'pxApp_2 20 ready UP', 'pxApp_3 30 ready UP'];
