// The same request with the same key, before, during and after its job: one job, sent once.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 80;
const served = servedStage();

test('replays give the job as it is now and queue nothing; another body is refused', async () => {
  const { api } = served.service;
  const body = bulk(RECIPIENTS);
  const first = await Promise.all(Array.from({ length: 10 }, () => api.post(body, 'one-key')));
  const taken = first.filter(({ status }) => status === 202);
  expect(first.every(({ status }) => status === 202 || status === 409)).toBe(true);
  const ids = new Set(taken.map(({ body: { job } }) => job?.id));
  expect(ids.size).toBe(1);
  expect(taken.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true')).toHaveLength(1);
  const id = [...ids][0] ?? '';
  await api.completed(id);

  const replay = await api.post(body, 'one-key');
  expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  expect(replay.body.job).toMatchObject({ id, status: 'completed', counts: { accepted: RECIPIENTS } });
  const other = await api.post(bulk(RECIPIENTS + 1), 'one-key');
  expect([other.status, other.body.error?.code]).toEqual([422, 'idempotency_mismatch']);
  const ledger = await served.stage.platform.ledger();
  expect(ledger).toMatchObject({ recipients: RECIPIENTS, repeats: 0, totals: { arrivals: RECIPIENTS } });
});
