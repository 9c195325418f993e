// A job says when it will have gone and what it waits for, from the limits' real state; so does every message that waits.
import { expect, test } from 'vitest';
import { bulk, type Client } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** About seven a second: 170 are half a minute, 2,300 more than five. */
const RECIPIENTS = Number(process.env.ETA_RECIPIENTS ?? 170);
const PATIENCE_MS = 30_000 + RECIPIENTS * 250;
const TOLERANCE = 0.05;
const TOLERANCE_MS = 2_000;
const served = servedStage({
  senders: [
    { id: 's1', throughput: 200 },
    { id: 's2', throughput: 50 },
  ],
});

// Limits in bursts: what a busy machine loses in one, the pause before the next makes up for.
test(
  'the end of a job is told at 10, 50 and 90 % under three limits',
  async () => {
    const { api } = served.service;
    await api.patch('/v1/senders/s1', {
      limits: [
        { name: 'ten', count: 60, per: '10s', pace: 'burst' },
        { name: 'five', count: 45, per: '5s', pace: 'burst' },
      ],
    });
    const postedMs = Date.now();
    const planned = await api.plan(bulk(RECIPIENTS));
    const jobs = [await api.send(bulk(RECIPIENTS))];
    await finishRefused(api, jobs[0]?.id ?? '');
    const told: { job: number; part: number; atMs: number; finishMs: number; p90Ms: number }[] = [];
    const ends = await Promise.all(
      jobs.map(async ({ id }, job) => {
        for (const part of [0.1, 0.5, 0.9]) {
          const view = await until(
            async () => {
              const now = await api.job(id);
              return now.progress >= part ? now : undefined;
            },
            { what: `${part} of the job`, timeoutMs: PATIENCE_MS },
          );
          expect(view.eta).not.toBeNull();
          told.push({
            job,
            part,
            atMs: Date.now(),
            finishMs: Date.parse(view.eta?.finish_at ?? ''),
            p90Ms: Date.parse(view.eta?.p90 ?? ''),
          });
          if (view.counts.queued > 0) expect(['meta.throughput', 'five', 'ten']).toContain(view.hold?.limit);
        }
        const done = await api.completed(id, PATIENCE_MS);
        expect([done.eta, done.hold]).toEqual([null, null]);
        return Date.parse(done.updated_at);
      }),
    );
    const plannedMs = Date.parse(planned.finish_at ?? '');
    const endedMs = ends[0] ?? 0;
    console.info(`planned: off by ${plannedMs - endedMs} ms`);
    expect(Math.abs(plannedMs - endedMs)).toBeLessThanOrEqual(
      Math.max(TOLERANCE * (endedMs - postedMs), TOLERANCE_MS),
    );
    for (const { job, part, atMs, finishMs, p90Ms } of told) {
      const endMs = ends[job] ?? 0;
      console.info(`job ${job} at ${part * 100} %: ${endMs - atMs} ms left, off by ${finishMs - endMs} ms`);
      expect(Math.abs(finishMs - endMs)).toBeLessThanOrEqual(
        Math.max(TOLERANCE * (endMs - atMs), TOLERANCE_MS),
      );
      expect(p90Ms).toBeGreaterThanOrEqual(finishMs);
    }
  },
  PATIENCE_MS,
);

test('whoever waits is told why: later, paused, and until when; and the limits show their use', async () => {
  const { api } = served.service;
  const startMs = Date.now() + 3_600_000;
  const later = await api.send(
    bulk(30, { sender: 's2', send_at: new Date(startMs).toISOString() }, 5_000_000),
  );
  const scheduled = await until(
    async () => {
      const job = await api.job(later.id);
      return job.hold?.limit === 'scheduled' ? job : undefined;
    },
    { what: 'the job is scheduled' },
  );
  expect(scheduled.hold?.until).toBe(new Date(startMs).toISOString());
  expect(Date.parse(scheduled.eta?.finish_at ?? '') - startMs).toBeGreaterThanOrEqual(0);
  expect(Date.parse(scheduled.eta?.finish_at ?? '') - startMs).toBeLessThan(0.02 * 3_600_000);
  const items = await api.items(later.id);
  expect(items.map(({ hold }) => hold?.limit)).toEqual(Array.from({ length: 30 }, () => 'scheduled'));

  await api.patch('/v1/senders/s2', { paused: true });
  const paused = await api.send(bulk(20, { sender: 's2' }, 6_000_000));
  const held = await until(
    async () => {
      const job = await api.job(paused.id);
      return job.hold?.limit === 'sender_paused' ? job : undefined;
    },
    { what: 'the job is held' },
  );
  expect(held).toMatchObject({ eta: null, hold: { limit: 'sender_paused', scope: 's2', until: null } });
  const waiting = await api.items(paused.id);
  expect(waiting.map(({ hold }) => hold?.limit)).toEqual(Array.from({ length: 20 }, () => 'sender_paused'));
  await api.patch('/v1/senders/s2', { paused: false });
  await api.completed(paused.id);
  const atRest = await until(
    async () => {
      const { data } = await api.get<{ data: { name: string; used: number; free: number }[] }>(
        '/v1/senders/s2/limits',
      );
      return data.every(({ name, used }) => name === 'meta.pair' || used === 0) ? data : undefined;
    },
    { what: 'every place is free again' },
  );
  const throughput = { kind: 'rolling', scope: 's2', count: 50, per: '1s', free: 50, cap: null };
  expect(atRest.find(({ name }) => name === 'meta.throughput')).toMatchObject(throughput);
  expect(atRest.find(({ name }) => name === 'calls')).toMatchObject({ kind: 'concurrency', per: null });
});

/** More would have to wait behind it: what the bare limits allow the forecast refuses, and tells when it can be. */
async function finishRefused(api: Client, job: string): Promise<void> {
  await until(async () => (await api.job(job)).progress > 0, { what: 'the job under way' });
  const more = bulk(60);
  const finishBy = Date.now() + 7_000;
  const answer = await api.postTo('/v1/messages/bulk', {
    ...more,
    finish_by: new Date(finishBy).toISOString(),
  });
  expect(answer.status).toBe(422);
  const told = Date.parse(/\d{4}-\S+Z/.exec(JSON.stringify(answer.body))?.[0] ?? '');
  expect(told).toBeGreaterThan(finishBy);
  const { finish_at } = await api.plan(more);
  expect(Math.abs(told - Date.parse(finish_at ?? ''))).toBeLessThanOrEqual(TOLERANCE_MS);
}
