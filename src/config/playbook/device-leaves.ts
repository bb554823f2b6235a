import type { BlockRate, GpuRequest } from '../../rollout/container-spec.ts';
import { isMapping } from '../values.ts';
import { options as optionsLeaf } from './container-leaves.ts';
import { each, type Leaf, Misfit, textOf } from './field.ts';
import { numberIn } from './leaves.ts';
import { size } from './resource-leaves.ts';

const ALL = -1;
const GPU = 'gpu';
const keysOfRequest = ['capabilities', 'driver', 'count', 'device_ids', 'options'];

const REQUEST = 'a mapping of capabilities, driver, count or device_ids, and options';

/** Of `deploy.resources.reservations`. */
export const reservedDevices: Leaf<readonly GpuRequest[]> = {
  says: 'a list of devices such as "{ driver: nvidia, count: 1, capabilities: [gpu] }"',
  item: REQUEST,
  parse: (value) => (Array.isArray(value) ? each<unknown, GpuRequest>(value, reservation) : new Misfit()),
};

export const gpus: Leaf<readonly GpuRequest[]> = {
  says: 'all, or a list of GPUs such as "{ driver: nvidia, count: 1 }"',
  item: REQUEST,
  parse: (value) => {
    if (value === 'all') return [{ driver: '', count: ALL, ids: [], capabilities: [GPU], options: {} }];
    return Array.isArray(value) ? each<unknown, GpuRequest>(value, gpu) : new Misfit();
  },
};

/** What is not said is that it should be a GPU. */
function gpu(value: unknown): GpuRequest | Misfit {
  if (!isMapping(value)) return new Misfit();
  const words: unknown = value['capabilities'] ?? [];
  const named = Array.isArray(words) && !words.includes(GPU) ? [...(words as unknown[]), GPU] : words;
  return reservation({ ...value, capabilities: named });
}

function reservation(value: unknown): GpuRequest | Misfit {
  if (!isMapping(value)) return new Misfit();
  const unknown = Object.keys(value).find((key) => !keysOfRequest.includes(key) && !key.startsWith('x-'));
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of it`);
  const capabilities = textsIn(value['capabilities']);
  if (!capabilities || capabilities.length === 0) return new Misfit('capabilities should be a list such as [gpu]');
  const ids = textsIn(value['device_ids'] ?? []);
  if (!ids) return new Misfit('device_ids should be a list of texts');
  if (ids.length > 0 && value['count'] !== undefined) return new Misfit('say count or device_ids, not both');
  const count = value['count'] === undefined || value['count'] === 'all' ? ALL : numberIn(value['count']);
  if (count === undefined || !Number.isInteger(count) || count < ALL)
    return new Misfit('count should be a number or all');
  const options = [optionsLeaf.parse(value['options'] ?? {})].flat();
  const [own] = options;
  if (own === undefined || own instanceof Misfit) return new Misfit('options should be a mapping of texts');
  const driver: unknown = value['driver'] ?? '';
  if (typeof driver !== 'string') return new Misfit('driver should be a text');
  return { driver, count: ids.length > 0 ? 0 : count, ids, capabilities, options: own };
}

function textsIn(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((it): it is string => typeof it === 'string') ? value : undefined;
}

function ratesOf(says: string, parse: (value: unknown) => number | undefined): Leaf<readonly BlockRate[]> {
  const item = `a mapping such as "{ path: /dev/sda, rate: ${says} }"`;
  const read = (value: unknown): BlockRate | Misfit => {
    if (!isMapping(value)) return new Misfit();
    const unknown = Object.keys(value).find((key) => key !== 'path' && key !== 'rate' && !key.startsWith('x-'));
    if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of it`);
    const [device, rate] = [textOf(value['path']), parse(value['rate'])];
    return /^\/[^\0\n]+$/.test(device) && rate !== undefined ? { device, rate } : new Misfit();
  };
  return {
    says: `a list of devices with their rate, such as ${says}`,
    item,
    parse: (value) => (Array.isArray(value) ? each<unknown, BlockRate>(value, read) : new Misfit()),
  };
}

export const byteRates = ratesOf('1mb', (value) => {
  const bytes = size.parse(value);
  return typeof bytes === 'number' ? bytes : undefined;
});

export const operationRates = ratesOf('120', (value) => {
  const rate = numberIn(value);
  return rate !== undefined && Number.isSafeInteger(rate) && rate > 0 ? rate : undefined;
});
