// Every answer to a browser: nothing is guessed, framed, run or kept, and no other origin is let in.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisUrl } from '../support/services.ts';
import { type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

test.each(['/v1/jobs', '/v1/jobs/none', '/nowhere', '/healthz', '/v1/admin/keys'])(
  'headers of %s',
  async (path) => {
    const { headers } = await h.call(path, { headers: { origin: 'https://evil.example' } });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(headers.get('server')).toBeNull();
  },
);

test('a preflight is refused', async () => {
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  const answer = await fetch(`${h.url}/v1/messages/bulk`, { method: 'OPTIONS', headers });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([405, null]);
});
