// Two API processes hold one key's windows together, exactly.
import { expect, test } from 'vitest';
import { API_KEY } from '../support/client.ts';
import { openStage } from '../support/stage.ts';

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
