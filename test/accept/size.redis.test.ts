import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, expect, test } from 'vitest';
import { CHUNK_MAX_BYTES, RECORD_MAX_BYTES } from '../../src/contract/record.ts';
import { bodyOf, chunksOf, openStation, request, rowsOf, sealsOf } from './station.ts';

const station = openStation();
afterAll(() => station.redis.close());

test('10,000 recipients come out as they went in, and the process goes on meanwhile', async () => {
  const body = bodyOf(10_000);
  const warm = await station.accept.bulk(request(bodyOf(10_000, { metadata: { warm: true } })));
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const { job } = await station.accept.bulk(request(body));
  loop.disable();
  expect(job).not.toBe(warm.job);
  const records = (await station.records()).filter((one) => one.job === job);
  expect(sealsOf(records)).toMatchObject([
    { rows: 10_000, total: 10_000, starts: Array.from({ length: 20 }, (_, i) => i * 500) },
  ]);
  expect(sealsOf(records)[0]?.digests).toEqual(chunksOf(records).map((one) => one.sha256));
  const sent = (body.messages as { to: string; variables: string[]; reference: string }[]).map((one) => [
    one.to,
    one.variables,
    one.reference,
  ]);
  expect(rowsOf(records)).toEqual(sent);
  expect(loop.max / 1e6).toBeLessThan(100);
});

test('texts that fill 5 MB and compress badly still fit every record, in several appends', async () => {
  const noise = (seed: number) =>
    Array.from({ length: 4_000 }, (_, i) =>
      String.fromCharCode(33 + ((seed * 7_919 + i * i * 31 + (i ^ seed) * 17) % 94)),
    ).join('');
  const messages = Array.from({ length: 1_000 }, (_, i) => ({
    to: `+1650555${String(i).padStart(4, '0')}`,
    text: { body: noise(i) },
  }));
  const { job } = await station.accept.bulk(request({ sender: 's1', messages }));
  const records = (await station.records()).filter((one) => one.job === job);
  expect(rowsOf(records)).toHaveLength(1_000);
  for (const record of records)
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(RECORD_MAX_BYTES);
  expect(chunksOf(records).length).toBeGreaterThan((1_000 * 4_000) / CHUNK_MAX_BYTES);
});
