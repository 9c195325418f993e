import { expect, test } from 'vitest';
import { openSandbox, textTo } from './client.ts';

test.each([
  ['PUT', 'numbers/1', { throughput: -1 }, 'throughput'],
  ['PUT', 'numbers/1', { througput: 80 }, 'througput'],
  ['PUT', 'numbers/1', { windows: [{ count: 1, per_ms: 1000 }, { count: 1 }] }, 'windows[1].per_ms'],
  ['PUT', 'numbers/1', { latency_ms: { min: 5, max: 1 } }, 'latency_ms.max'],
  ['PUT', 'numbers/1', { throttle_status: 500 }, 'throttle_status'],
  ['PUT', 'numbers/1', { enforce: 'yes' }, 'enforce'],
  ['PUT', 'numbers/a b', {}, 'id'],
  ['PUT', 'numbers/1', [], ''],
  ['PUT', 'portfolios/1', {}, 'limit'],
  ['PUT', 'portfolios/1', { limit: 0 }, 'limit'],
  ['PUT', 'settings', { default_throughput: 'fast' }, 'default_throughput'],
  ['PUT', 'settings', { clock_offset_ms: 1.5 }, 'clock_offset_ms'],
  ['POST', 'faults', {}, 'kind'],
  ['POST', 'faults', { kind: 'explode' }, 'kind'],
  ['POST', 'faults', { kind: 'slow' }, 'delay_ms'],
  ['POST', 'faults', { kind: 'error' }, 'code'],
  ['POST', 'faults', { kind: 'garbage', rate: 2 }, 'rate'],
  ['POST', 'faults', { kind: 'garbage', status: 500 }, 'status'],
])('%s %s %j is refused with its path', async (method, path, body, at) => {
  const { request, report } = await openSandbox();
  const answer = await request(method, `/control/${path}`, body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toEqual({ error: { message: expect.any(String), path: at } });
  expect((await report()).numbers).toEqual({});
});

test('a PUT changes what it names, keeps the rest, and null takes a field back', async () => {
  const { control } = await openSandbox();
  await control('PUT', 'numbers/1', { throughput: 20, token: 't', latency_ms: 0 });
  expect(await control('PUT', 'numbers/1', { enforce: false, token: null })).toEqual({
    id: '1',
    throughput: 20,
    windows: [],
    registered: true,
    latency_ms: { min: 0, max: 0 },
    throttle_status: 400,
    enforce: false,
    token_set: false,
  });
});

test('the default throughput is 80, changes live, and zero means the default', async () => {
  const { send, control, report } = await openSandbox();
  await send(textTo('+16505551234'));
  expect((await report()).numbers['100']?.limit).toBe(80);
  await control('PUT', 'settings', { default_throughput: 1000 });
  expect((await report()).numbers['100']?.limit).toBe(1000);
  await control('PUT', 'numbers/100', { throughput: 'unlimited' });
  expect((await report()).numbers['100']?.limit).toBe('unlimited');
  await control('PUT', 'numbers/100', { throughput: 0 });
  expect((await report()).numbers['100']?.limit).toBe(1000);
});

test('the virtual clock moves forward only', async () => {
  const { request, control } = await openSandbox();
  expect(await control('PUT', 'settings', { clock_offset_ms: 1000 })).toMatchObject({
    clock_offset_ms: 1000,
  });
  const back = await request('PUT', '/control/settings', { clock_offset_ms: 999, strict: true });
  expect(back.status).toBe(400);
  expect(await control('GET', 'settings')).toMatchObject({ clock_offset_ms: 1000, strict: false });
});

test('reset forgets everything', async () => {
  const { send, control, report, rows } = await openSandbox();
  const fresh = await report();
  await control('PUT', 'settings', { clock_offset_ms: 1000, strict: true, default_throughput: 5 });
  await control('PUT', 'portfolios/bm', { limit: 1 });
  await control('PUT', 'numbers/100', { portfolio: 'bm' });
  await control('POST', 'faults', { kind: 'garbage' });
  await send(textTo('+16505551234'));
  await control('POST', 'reset');
  expect(await report()).toEqual(fresh);
  expect(await rows()).toEqual([]);
  expect(await control('GET', 'faults')).toEqual({ faults: [] });
  expect(await control('GET', 'settings')).toEqual({
    strict: false,
    default_latency_ms: { min: 0, max: 0 },
    default_throughput: 80,
    clock_offset_ms: 0,
  });
});
