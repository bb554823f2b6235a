import { describe, expect, it } from 'vitest';
import { echoesIn, frameOf } from '../../../lab/load/web-socket.ts';

describe('echoesIn()', () => {
  it('counts text frames, also several in one chunk, and nothing else', () => {
    const echo = Buffer.concat([Buffer.from([0x81, 4]), Buffer.from('tick')]);
    const close = Buffer.from([0x88, 2, 0x03, 0xe9]);

    expect(echoesIn(Buffer.concat([echo, echo, close]))).toBe(2);
  });
});

it('frameOf() masks the text', () => {
  const frame = frameOf('tick');

  const mask = frame.subarray(2, 6);
  const text = Buffer.from(frame.subarray(6).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  expect([frame[0], frame[1], text.toString()]).toEqual([0x81, 0x84, 'tick']);
});
