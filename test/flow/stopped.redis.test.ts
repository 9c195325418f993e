// The operator stops all sending: nothing starts a second later, also after a restart, until it is started again.
import { expect, test } from 'vitest';
import { bulk } from '../support/client.ts';
import { openStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const BINDS_MS = 1_000;
const ADMIN = 'the-admin-key-of-this-test';

test('stop binds within a second, outlives a restart, and start lets the rest go', async () => {
  const stage = await openStage({
    senders: [{ id: 's1', throughput: 50 }],
    env: { SLUICE_ADMIN_KEY: ADMIN },
  });
  try {
    const first = await stage.serve(['start']);
    const admin = async (url: string, action: string, body: object = {}) => {
      const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/v1/admin/${action}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
    };
    const worker = await stage.start(['worker', 'dispatch']);
    const { id } = await first.api.send(bulk(150));
    const arrivals = () => stage.platform.arrivals();
    await until(async () => (await arrivals()).length > 20, { what: 'the job is on its way' });
    await admin(first.url, 'stop', { workspace: 'acme' });
    const stoppedMs = Date.now();
    await until(() => Date.now() > stoppedMs + 2 * BINDS_MS, { what: 'two seconds of stop' });
    const lateOnes = async () => (await arrivals()).filter(({ at }) => Date.parse(at) > stoppedMs + BINDS_MS);
    expect(await lateOnes()).toEqual([]);
    expect((await first.api.job(id)).hold).toMatchObject({ limit: 'stopped', scope: 'acme' });
    await Promise.all([first.program.end(), worker.end()]);
    const second = await stage.serve(['start']);
    const againMs = Date.now();
    await until(() => Date.now() > againMs + BINDS_MS, { what: 'a second after the restart' });
    expect(await lateOnes()).toEqual([]);
    await admin(second.url, 'start', { workspace: 'acme' });
    const job = await second.api.completed(id);
    expect(job.counts).toMatchObject({ total: 150, accepted: 150, failed: 0 });
    expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
  } finally {
    await stage.close();
  }
});
