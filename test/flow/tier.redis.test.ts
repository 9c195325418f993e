// Three numbers share one portfolio's messaging limit: so many different people and not one more, whichever number writes to them. The rest
// are told why they wait and until when, and go when the limit is raised.
import { expect, test } from 'vitest';
import { bulk, type ItemView } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const TIER = 2_000;
const RAISED = 2_200;
const NEXT_TIER = 10_000;
const EACH = 800;
const DAY_MS = 86_400_000;
/** A change is known everywhere after 400 ms; the rest is a busy machine. */
const BINDS_MS = 1_000;
const SENDERS = ['s1', 's2', 's3'];
const served = servedStage({
  senders: SENDERS.map((id) => ({ id, throughput: 1_000, portfolio: 'bm' })),
});

/** Different people that the platform has taken a message for, and how many calls it took. */
async function reached(): Promise<{ people: number; calls: number }> {
  const taken = (await served.stage.platform.arrivals()).filter((one) => one.taken);
  return { people: new Set(taken.map(({ to }) => to)).size, calls: taken.length };
}

test('exactly the limit, the rest held until a day after the first, and on when it is raised', async () => {
  const { api } = served.service;
  await api.patch('/v1/portfolios/bm', { messaging_limit: TIER });
  const jobs = await Promise.all(
    SENDERS.map((sender, i) => api.send(bulk(EACH, { sender }, 2_000_000 + i * 1_000_000))),
  );
  const startedMs = Date.now();
  await until(async () => (await reached()).people === TIER, { what: 'the limit is used up' });
  await until(() => Date.now() > startedMs + 2 * BINDS_MS, { what: 'nothing more comes' });
  expect(await reached()).toEqual({ people: TIER, calls: TIER });

  const waiting: ItemView[] = (await Promise.all(jobs.map(({ id }) => api.items(id, 'queued')))).flat();
  expect(waiting).toHaveLength(SENDERS.length * EACH - TIER);
  for (const { hold } of waiting) {
    expect(hold).toMatchObject({ limit: 'meta.messaging_limit', scope: 'bm' });
    expect(Date.parse(hold?.until ?? '') - startedMs).toBeGreaterThan(DAY_MS - 10_000);
    expect(Date.parse(hold?.until ?? '') - startedMs).toBeLessThan(DAY_MS + 10_000);
  }
  const views = await Promise.all(jobs.map(({ id }) => api.job(id)));
  for (const { eta, counts } of views.filter((one) => one.counts.queued > 0)) {
    expect(counts.sending).toBe(0);
    expect(Date.parse(eta?.finish_at ?? '') - startedMs).toBeGreaterThan(0.9 * DAY_MS);
  }

  // People who are counted already do not wait for the limit, and their job knows when it will end.
  const again = await api.send(bulk(EACH, { sender: 's1' }, 2_000_000));
  const firstOnes = (await api.items(jobs[0]?.id ?? '', 'accepted')).length;
  const later = await until(
    async () => {
      const job = await api.job(again.id);
      return job.counts.accepted >= firstOnes ? job : undefined;
    },
    { what: 'who is counted gets the second message' },
  );
  expect(later.counts).toMatchObject({ accepted: firstOnes, queued: EACH - firstOnes });
  expect(await reached()).toEqual({ people: TIER, calls: TIER + firstOnes });

  await api.patch('/v1/portfolios/bm', { messaging_limit: RAISED });
  const raisedMs = Date.now();
  await until(async () => (await reached()).people === RAISED, { what: 'what the raised limit allows' });
  const next = (await served.stage.platform.arrivals())[TIER + firstOnes];
  const tookMs = Date.parse(next?.at ?? '') - raisedMs;
  console.info(`raised: the next call after ${tookMs} ms`);
  expect(tookMs).toBeLessThanOrEqual(BINDS_MS);
  expect(await reached()).toMatchObject({ people: RAISED });

  await api.patch('/v1/portfolios/bm', { messaging_limit: NEXT_TIER });
  for (const { id } of [...jobs, again]) expect((await api.completed(id)).counts.accepted).toBe(EACH);
  expect((await served.stage.platform.ledger()).violations.total).toBe(0);
});
