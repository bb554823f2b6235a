import { describe, expect, it } from 'vitest';
import { changesOf } from '../../../src/adapters/docker/changes.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import { aSpec, imageConfig, recordedContainer, type RecordedContainer } from './fixtures.ts';

function lines(name: RecordedContainer, settings: Partial<ContainerSpec>): string[] {
  const comparison = { spec: aSpec(settings), container: recordedContainer(name), image: imageConfig(1) };
  return changesOf(comparison).map(({ setting, from, to }) => `${setting}: ${from} → ${to}`);
}

const port = { hostIp: '127.0.0.1', hostPort: 8081, containerPort: 8080, protocol: 'tcp' } as const;

describe('changesOf()', () => {
  // prettier-ignore
  it.each<{ why: string; like: RecordedContainer; settings: Partial<ContainerSpec> }>([
    { why: 'nothing declared',                  like: 'rich',  settings: {} },
    { why: 'values of the image',               like: 'plain', settings: { environment: { A: 'img1' }, labels: { l1: 'img1' }, user: '101', workingDir: '/w1/', stopSignal: 'INT' } },
    { why: 'the entrypoint of the image',       like: 'plain', settings: { entrypoint: ['/bin/sh', '-c'] } },
    { why: 'an empty command: the image’s',     like: 'plain', settings: { command: [] } },
    { why: 'empty user and directory',          like: 'plain', settings: { user: '', workingDir: '' } },
    { why: 'no entrypoint',                     like: 'host',  settings: { entrypoint: [] } },
    { why: 'the same port',                     like: 'rich',  settings: { ports: [port] } },
    { why: 'ports on the network of the host',  like: 'host',  settings: { ports: [port] } },
    { why: 'a hostname it cannot have',         like: 'borrowed', settings: { hostname: 'me' } },
    { why: 'volumes in another order',          like: 'rich',  settings: { volumes: ['/usr/:/r:ro', 'vol1:/v:rw', { kind: 'tmpfs', target: '/t', sizeBytes: undefined, mode: undefined }] } },
    { why: 'a grace that rounds up to it',      like: 'rich',  settings: { stopGraceMs: 2100 } },
    { why: 'the default grace',                 like: 'plain', settings: { stopGraceMs: 10_000 } },
    { why: 'a capability without CAP_',         like: 'rich',  settings: { capAdd: ['net_admin'], capDrop: [] } },
    { why: 'the healthcheck of the image',      like: 'plain', settings: { healthcheck: { test: ['CMD-SHELL', 'echo healthy-1'], intervalMs: 1000, timeoutMs: 2000, startPeriodMs: 3000, retries: 1 } } },
    { why: 'a healthcheck with zeros',          like: 'plain', settings: { healthcheck: { startPeriodMs: 0, retries: 0 } } },
    { why: 'limits',                            like: 'rich',  settings: { memoryBytes: 67_108_864, cpus: 0.5 } },
    { why: 'switches that are off',             like: 'plain', settings: { init: false, readOnly: false, privileged: false } },
    { why: 'restart with its count',            like: 'rich',  settings: { restart: { name: 'on-failure', maximumRetryCount: 2 } } },
    { why: 'a count that does not count',       like: 'plain', settings: { restart: { name: 'no', maximumRetryCount: 5 } } },
    { why: 'the first bridge by its other name', like: 'host', settings: { networkMode: 'host' } },
    { why: 'logging',                           like: 'rich',  settings: { logging: { driver: 'json-file', options: { 'max-size': '1m' } } } },
    { why: 'hosts',                             like: 'rich',  settings: { extraHosts: ['x=1.2.3.4'] } },
  ])('finds none: $why', ({ like, settings }) => {
    expect(lines(like, settings)).toEqual([]);
  });

  // prettier-ignore
  it.each<{ like: RecordedContainer; settings: Partial<ContainerSpec>; found: string }>([
    { like: 'rich',  settings: { environment: { A: 'new' } },       found: 'environment.A: own → new' },
    { like: 'rich',  settings: { environment: { N: '' } },          found: 'environment.N: (not set) → ' },
    { like: 'rich',  settings: { environment: { DB_PASSWORD: 'x' } }, found: 'environment.DB_PASSWORD: (not set) → (hidden)' },
    { like: 'rich',  settings: { labels: { 'com.example.api-token': 'x' } }, found: 'labels.com.example.api-token: (not set) → (hidden)' },
    { like: 'rich',  settings: { annotations: { 'example.com/secret': 'x' } }, found: 'annotations.example.com/secret: (not set) → (hidden)' },
    { like: 'rich',  settings: { logging: { driver: 'splunk', options: { 'splunk-token': 'x' } } }, found: 'logging: (hidden) → (hidden)' },
    { like: 'rich',  settings: { labels: { mine: '2' } },           found: 'labels.mine: 1 → 2' },
    { like: 'rich',  settings: { ports: [] },                       found: 'ports: 127.0.0.1:8081:8080/tcp → ' },
    { like: 'rich',  settings: { ports: [{ ...port, hostIp: '' }] }, found: 'ports: 127.0.0.1:8081:8080/tcp → 8081:8080/tcp' },
    { like: 'rich',  settings: { volumes: ['vol1:/v'] },            found: 'volumes: /usr:/r:ro, tmpfs:/t, vol1:/v → vol1:/v' },
    { like: 'rich',  settings: { command: ['serve', 'a b'] },       found: 'command: "sleep 1000" → serve "a b"' },
    { like: 'rich',  settings: { command: [] },                     found: `command: "sleep 1000" → ${JSON.stringify(imageConfig(1).Cmd?.[0])}` },
    { like: 'plain', settings: { entrypoint: [] },                  found: 'entrypoint: /bin/sh -c → ' },
    { like: 'plain', settings: { healthcheck: { intervalMs: 500 } }, found: 'healthcheck: interval 1s → interval 0.5s' },
    { like: 'plain', settings: { healthcheck: { test: ['NONE'] } }, found: 'healthcheck: CMD-SHELL "echo healthy-1" → NONE' },
    { like: 'plain', settings: { networkMode: 'bridge' },           found: 'network_mode: none → bridge' },
    { like: 'plain', settings: { restart: { name: 'on-failure', maximumRetryCount: 3 } }, found: 'restart: no → on-failure:3' },
    { like: 'plain', settings: { stopSignal: 'SIGTERM' },           found: 'stop_signal: SIGINT → SIGTERM' },
    { like: 'plain', settings: { stopGraceMs: 30_000 },             found: 'stop_grace_period: 10s → 30s' },
    { like: 'plain', settings: { init: true },                      found: 'init: false → true' },
    { like: 'host',  settings: { privileged: false },               found: 'privileged: true → false' },
    { like: 'rich',  settings: { capAdd: [] },                      found: 'cap_add: NET_ADMIN → ' },
    { like: 'rich',  settings: { memoryBytes: 0 },                  found: 'mem_limit: 67108864 → 0' },
    { like: 'rich',  settings: { cpus: 2 },                         found: 'cpus: 0.5 → 2' },
    { like: 'rich',  settings: { user: 'root' },                    found: 'user: 101 → root' },
    { like: 'rich',  settings: { logging: { driver: 'none', options: {} } }, found: 'logging: json-file max-size=1m → none' },
  ])('finds $found', ({ like, settings, found }) => {
    expect(lines(like, settings)).toEqual([found]);
  });
});
