/** The settings that are a part of the Engine's HostConfig and nothing else: what to ask for, and how it reads. */
import type { ContainerSpec } from '../../rollout/container-spec.ts';
import { soundsSecret } from '../../rollout/secret.ts';
import { restartPolicyOf, securityOptionOf } from './declared.ts';
import { setting, type HostSetting } from './host-setting.ts';
import type { InspectedHostConfig } from './inspections.ts';
import { resourceSettings } from './resource-settings.ts';
import {
  capabilities,
  joined,
  loggingText,
  pairsText,
  restartText,
  securityOptionsText,
  sorted,
} from './setting-texts.ts';

export const hostSettings: readonly HostSetting[] = [
  ...resourceSettings,
  setting(
    ['restart', 'restart'],
    // A container that is removed once it ends cannot be restarted.
    (restart) => ({ RestartPolicy: restartPolicyOf(restart), ...(restart.name !== 'no' && { AutoRemove: false }) }),
    ({ RestartPolicy }) => restartText(RestartPolicy ?? {}),
  ),
  setting(
    ['init', 'init'],
    (Init) => ({ Init }),
    ({ Init }) => String(Init ?? false),
  ),
  setting(
    ['read_only', 'readOnly'],
    (ReadonlyRootfs) => ({ ReadonlyRootfs }),
    ({ ReadonlyRootfs }) => String(ReadonlyRootfs ?? false),
  ),
  setting(
    ['privileged', 'privileged'],
    (Privileged) => ({ Privileged }),
    ({ Privileged }) => String(Privileged ?? false),
  ),
  setting(
    ['cap_add', 'capAdd'],
    (CapAdd) => ({ CapAdd }),
    ({ CapAdd }) => capabilities(CapAdd ?? []),
  ),
  setting(
    ['cap_drop', 'capDrop'],
    (CapDrop) => ({ CapDrop }),
    ({ CapDrop }) => capabilities(CapDrop ?? []),
  ),
  setting(
    ['security_opt', 'securityOpt'],
    (options) => ({ SecurityOpt: options.map(securityOptionOf) }),
    securityOptionsText,
  ),
  setting(
    ['group_add', 'groupAdd'],
    (GroupAdd) => ({ GroupAdd }),
    ({ GroupAdd }) => sorted(GroupAdd ?? []),
  ),
  setting(
    ['tmpfs', 'tmpfs'],
    (Tmpfs) => ({ Tmpfs }),
    ({ Tmpfs }) => pairsText(Tmpfs ?? {}, ':'),
  ),
  setting(
    ['dns', 'dns'],
    (Dns) => ({ Dns }),
    ({ Dns }) => joined(Dns),
  ),
  setting(
    ['dns_search', 'dnsSearch'],
    (DnsSearch) => ({ DnsSearch }),
    ({ DnsSearch }) => joined(DnsSearch),
  ),
  setting(
    ['dns_opt', 'dnsOptions'],
    (DnsOptions) => ({ DnsOptions }),
    ({ DnsOptions }) => joined(DnsOptions),
  ),
  setting(
    ['sysctls', 'sysctls'],
    (Sysctls) => ({ Sysctls }),
    ({ Sysctls }) => pairsText(Sysctls ?? {}),
  ),
  setting(
    ['pid', 'pid'],
    (PidMode) => ({ PidMode }),
    ({ PidMode }) => PidMode ?? '',
  ),
  setting(
    ['ipc', 'ipc'],
    (IpcMode) => ({ IpcMode }),
    ({ IpcMode }) => IpcMode ?? '',
  ),
  setting(
    ['uts', 'uts'],
    (UTSMode) => ({ UTSMode }),
    ({ UTSMode }) => UTSMode ?? '',
  ),
  setting(
    ['cgroup', 'cgroup'],
    (CgroupnsMode) => ({ CgroupnsMode }),
    ({ CgroupnsMode }) => CgroupnsMode ?? '',
  ),
  setting(
    ['cgroup_parent', 'cgroupParent'],
    (CgroupParent) => ({ CgroupParent }),
    ({ CgroupParent }) => CgroupParent ?? '',
  ),
  setting(
    ['userns_mode', 'usernsMode'],
    (UsernsMode) => ({ UsernsMode }),
    ({ UsernsMode }) => UsernsMode ?? '',
  ),
  setting(
    ['runtime', 'runtime'],
    (Runtime) => ({ Runtime }),
    ({ Runtime }) => Runtime ?? '',
  ),
  setting(
    ['logging', 'logging'],
    ({ driver, options }) => ({ LogConfig: { Type: driver, Config: options } }),
    ({ LogConfig }, requested) => loggingText(LogConfig ?? {}, requested.LogConfig ?? {}),
    // Such as `splunk-token`.
    ({ LogConfig }) => Object.keys(LogConfig?.Config ?? {}).some(soundsSecret),
  ),
];

/** All that is declared of it, for a container that is to be like one with `before`. */
export function requestedOf(spec: ContainerSpec, before: InspectedHostConfig): InspectedHostConfig {
  return Object.assign({}, ...hostSettings.map(({ requested }) => requested(spec, before))) as InspectedHostConfig;
}
