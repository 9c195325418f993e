// Two API processes hold one key's windows together, exactly; and a key that one of them revokes is refused by the other.
import { expect, test } from 'vitest';
import { API_KEY } from '../support/client.ts';
import { openStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const REVOKED_MS = 5_000;

test('two processes grant no more than the plan between them, and no less', async () => {
  const stage = await openStage({ plan: { per_minute: 60, per_hour: 5_000 } });
  try {
    const urls = (await Promise.all([stage.serve(['api']), stage.serve(['api'])])).map(({ url }) => url);
    const ask = (i: number) =>
      fetch(`${urls[i % 2]}/v1/jobs`, { headers: { authorization: `Bearer ${API_KEY}` } });
    const answers = await Promise.all(Array.from({ length: 150 }, (_, i) => ask(i)));
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted).toHaveLength(60);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(90);
    const left = granted.map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
    expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  } finally {
    await stage.close();
  }
});

test('a key that one process makes works at the other, and is refused there within five seconds of being revoked', async () => {
  const stage = await openStage();
  try {
    const [one, other] = await Promise.all([stage.serve(['api']), stage.serve(['api'])]);
    const admin = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
    const made = await fetch(`${one.url}/v1/keys`, { method: 'POST', headers: admin, body: '{}' });
    const { id, secret } = (await made.json()) as { id: string; secret: string };
    const status = async () =>
      (await fetch(`${other.url}/v1/jobs`, { headers: { 'x-api-key': secret } })).status;
    await until(async () => (await status()) === 200, { what: 'the other process knows the key' });
    const { authorization } = admin;
    const revoked = await fetch(`${one.url}/v1/keys/${id}`, { method: 'DELETE', headers: { authorization } });
    expect(revoked.status).toBe(204);
    const fromMs = performance.now();
    await until(async () => (await status()) === 401, { what: 'it is refused', timeoutMs: REVOKED_MS });
    console.info(`revoked everywhere after ${Math.round(performance.now() - fromMs)} ms`);
  } finally {
    await stage.close();
  }
});
