// A job that expires: what has not left by then does not leave any more.
import { expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 200;
const PER_SECOND = 40;
const served = servedStage({ senders: [{ id: 's1', throughput: PER_SECOND }] });

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
