import { expect, test } from 'vitest';
import { until } from './until.ts';

test('gives back what the look saw once it is there', async () => {
  let looks = 0;
  expect(await until(() => (++looks === 3 ? 'seen' : ''), { what: 'the third look' })).toBe('seen');
});

test('says what never came, and why the last look failed', async () => {
  const look = () => Promise.reject(new Error('connection refused'));
  const waiting = until(look, { what: 'an answer', timeoutMs: 20 });
  await expect(waiting).rejects.toMatchObject({
    message: 'Waited 20 ms in vain: an answer',
    cause: { message: 'connection refused' },
  });
});
