// POST /v1/jobs/:id/retry: what failed, and on request what nobody has heard of, goes once more as a new try; sent again it does nothing more.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { expectSum, takenPerRecipient } from '../support/both-ends.ts';
import { API_KEY, bulk, type ItemView } from '../support/client.ts';
import { startProgram } from '../support/program.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 40;
const STRUCK = 7;
/** Refused for good: the number is not on WhatsApp. */
const NOBODY = { kind: 'error' as const, code: 131026 };
const served = servedStage({ senders: [{ id: 's1', throughput: 200 }] });

const accepted = (id: string, count: number) =>
  until(async () => (await served.service.api.job(id)).counts.accepted === count, {
    what: 'all are accepted',
    timeoutMs: 30_000,
  });

test('the failed ones of a job that has ended go once more, each as a new try', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.fault({ ...NOBODY, count: STRUCK, after: 3 });
  const { id } = await api.send(bulk(RECIPIENTS));
  const before = await api.completed(id);
  expect(before.counts).toMatchObject({ failed: STRUCK, accepted: RECIPIENTS - STRUCK });
  const answer = await api.act(id, 'retry');
  expect([answer.status, answer.body]).toMatchObject([200, { retried: STRUCK, remaining: 0, unreadable: 0 }]);
  expectSum(answer.body.job ?? before);
  await accepted(id, RECIPIENTS);
  const after = await api.completed(id);
  expectSum(after);
  const tries = (await api.items(id)).map(({ attempts }) => attempts);
  expect(tries.filter((attempts) => attempts === 2)).toHaveLength(STRUCK);
  expect((await api.items(id)).every(({ error }) => error === null)).toBe(true);
  const again = await api.act(id, 'retry');
  expect([again.status, again.body.retried, again.body.job?.status]).toEqual([200, 0, 'completed']);
  expect((await stage.platform.ledger()).repeats).toBe(0);
});

test('what nobody has heard of only when it is asked for, and then marked', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.fault({ kind: 'drop_before', count: STRUCK, after: 3 });
  const { id } = await api.send(bulk(RECIPIENTS, {}, 3_000_000));
  await until(async () => (await api.completed(id)).counts.unknown === STRUCK, { what: 'the unknowns' });
  expect((await api.act(id, 'retry')).body.retried).toBe(0);
  expect((await api.act(id, 'retry', { include: ['sent'] })).status).toBe(400);
  const [one, other] = await Promise.all(
    [1, 2].map(() => api.act(id, 'retry', { include: ['failed', 'unknown'] })),
  );
  expect([one?.status, other?.status]).toEqual([200, 200]);
  await accepted(id, RECIPIENTS);
  const items = (await api.items(id)) as (ItemView & { possible_duplicate?: boolean })[];
  expect(items.filter(({ possible_duplicate }) => possible_duplicate)).toHaveLength(STRUCK);
  const taken = takenPerRecipient(await stage.platform.arrivals());
  expect([...taken.values()].every((times) => times === 1)).toBe(true);
});

test('a canceled job sends what failed and nothing else; a paused one when it goes on', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.fault({ ...NOBODY, count: STRUCK });
  const { id } = await api.send(bulk(600, {}, 4_000_000));
  const some = async () => (await api.job(id)).counts.failed === STRUCK;
  await until(some, { what: 'some have failed' });
  await api.act(id, 'cancel');
  await until(async () => (await api.job(id)).status === 'canceled', { what: 'it is canceled' });
  const { canceled, accepted: went } = (await api.job(id)).counts;
  expect(canceled).toBeGreaterThan(0);
  expect((await api.act(id, 'retry')).body).toMatchObject({ retried: STRUCK });
  expect((await api.act(id, 'pause')).body.job?.status).toBe('paused');
  await api.act(id, 'resume');
  await accepted(id, went + STRUCK);
  const after = await api.completed(id);
  expect(after.counts).toMatchObject({ canceled, failed: 0, queued: 0 });
  expectSum(after);
});

test('a job whose time is over says so, and the client does it too', async () => {
  const { stage, service } = served;
  const { api } = service;
  await stage.platform.fault({ ...NOBODY, count: STRUCK });
  const { id } = await api.send(bulk(STRUCK, { expires_after: '4s' }, 5_000_000));
  await api.completed(id);
  await stage.platform.fault({ ...NOBODY, count: 1 });
  const env = { SLUICE_API_KEY: API_KEY, SLUICE_URL: service.url };
  const program = startProgram('src/cli/sluice.ts', ['retry', id], env);
  expect(await program.ended).toBe(0);
  expect(program.lines.join('\n')).toContain(`${STRUCK} are tried again`);
  const over = await until(
    async () => {
      const answer = await api.act(id, 'retry');
      return answer.status === 409 ? answer : undefined;
    },
    { what: 'its time is over' },
  );
  expect(over.body.error).toMatchObject({ code: 'conflict' });
  expect(over.body.error?.message).toContain('time of the job is over');
  expect((await api.act(`job_${randomUUID()}`, 'retry')).status).toBe(404);
});
