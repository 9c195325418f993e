// A job that expires: what has not left by then does not leave any more.
import { expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 200;
const PER_SECOND = 40;
const served = servedStage({
  senders: [
    { id: 's1', throughput: PER_SECOND },
    { id: 's2', throughput: PER_SECOND },
    { id: 's3', throughput: PER_SECOND },
  ],
});

test('nothing leaves after its time, and the job ends', async () => {
  const { api } = served.service;
  const { id, created_at } = await api.send(bulk(RECIPIENTS, { expires_after: '1s' }));
  const ended = async () => {
    const now = await api.job(id);
    return now.counts.queued + now.counts.sending === 0 ? now : undefined;
  };
  const job = await until(ended, { what: 'the job ends' });
  expectSum(job);
  const late = (await served.stage.platform.arrivals()).filter(
    ({ at }) => Date.parse(at) > Date.parse(created_at) + 1_100,
  );
  expect(late).toEqual([]);
  expect(job.counts.expired).toBeGreaterThan(RECIPIENTS / 2);
});

test('a job ends in its time though a limit holds it for an hour, and though its sender is paused', async () => {
  const { api } = served.service;
  await api.patch('/v1/senders/s2', { limits: [{ name: 'hour', count: 1, per: '1h' }] });
  await api.patch('/v1/senders/s3', { paused: true });
  const [held, paused] = await Promise.all(
    ['s2', 's3'].map((sender, i) =>
      api.send(bulk(5, { sender, expires_after: '2s' }, 3_000_000 + i * 1_000_000)),
    ),
  );
  const countsAtEnd = (id = '') =>
    until(
      async () => {
        const { counts } = await api.job(id);
        return counts.queued + counts.sending === 0 ? counts : undefined;
      },
      { what: 'the job ends' },
    );
  expect(await countsAtEnd(held?.id)).toMatchObject({ accepted: 1, expired: 4 });
  expect(await countsAtEnd(paused?.id)).toMatchObject({ accepted: 0, expired: 5 });
});
