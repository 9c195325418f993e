import { expect, test } from 'vitest';
import { createMetrics } from '../../src/base/metrics.ts';

test('metrics have our prefix, and no label holds a phone number however it is written', async () => {
  const metrics = createMetrics();
  const sends = metrics.counter('sends_total', 'Sends', ['sender']);
  for (const sender of ['s1', '+16505551234', '1 (650) 555-1234', '650.555.1234', '106540352242922'])
    sends.inc({ sender });
  const text = await metrics.text();
  expect(text).toMatch(/^sluice_sends_total\{sender="s1"\} 1$/m);
  expect(text).toMatch(/^sluice_sends_total\{sender="hidden"\} 4$/m);
  // Of ours only: the process's own figures may hold any digits.
  const ours = text.split('\n').filter((line) => line.startsWith('sluice_'));
  expect(ours.filter((line) => line.includes('555'))).toEqual([]);
});

test('a metric does not grow without bound', async () => {
  const metrics = createMetrics();
  const depth = metrics.gauge('depth', 'Depth', ['lane']);
  const seconds = metrics.histogram('took_seconds', 'Time', ['lane'], [1]);
  for (let i = 0; i < 3_000; i += 1) {
    depth.set({ lane: `l${i}` }, i);
    seconds.observe({ lane: `l${i}` }, 0.5);
  }
  const text = await metrics.text();
  expect(text.match(/^sluice_depth\{/gm)).toHaveLength(2_001);
  expect(text).toMatch(/^sluice_took_seconds_count\{lane="other"\} 1000$/m);
});

test('without labels', async () => {
  const metrics = createMetrics();
  metrics.counter('things_total', 'Things').inc({}, 3);
  expect(await metrics.text()).toMatch(/^sluice_things_total 3$/m);
});
