import { expect, it } from 'vitest';
import { imageChange } from '../../src/rollout/image-change.ts';

// prettier-ignore
it.each([
  { from: 'registry.lab:5000/app:v1', to: 'registry.lab:5000/app:v2', says: 'registry.lab:5000/app:v1 → v2' },
  { from: 'registry.lab:5000/app',    to: 'registry.lab:5000/app:v2', says: 'registry.lab:5000/app → v2' },
  { from: 'registry.lab:5000/app:v1', to: 'registry.lab:5000/other:v1', says: 'registry.lab:5000/app:v1 → registry.lab:5000/other:v1' },
  { from: 'app:v1',                   to: 'app',                      says: 'app:v1 → app' },
  { from: 'nothing',                  to: 'app:v2',                   says: 'nothing → app:v2' },
])('$says', ({ from, to, says }) => {
  expect(imageChange(from, to)).toBe(says);
});
