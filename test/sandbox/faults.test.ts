// Every kind of fault over real HTTP, and what the ledger says of it.
import { expect, test } from 'vitest';
import { type Client, errorOf, openSandbox, textTo } from './client.ts';

const to = (index: number) => `+1650555${String(index).padStart(4, '0')}`;

/** True: answered 200 with a readable body. */
async function heardOk({ send }: Client, index: number): Promise<boolean> {
  const answer = await send(textTo(to(index)));
  return answer.status === 200 && answer.text.endsWith('}');
}

test('drop_before: the connection is cut and nothing is taken', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'drop_before', count: 1 });
  await expect(sandbox.send(textTo(to(1)))).rejects.toThrow();
  expect(await heardOk(sandbox, 1)).toBe(true);
  const { totals, repeats } = await sandbox.report();
  expect(totals).toMatchObject({ arrivals: 2, taken: 1, answered_ok: 1, dropped: 1, dropped_before: 1 });
  expect(repeats).toBe(0);
});

test('drop_after: the connection is cut but the message is taken, so trying again is a repeat', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'drop_after', count: 1 });
  await expect(sandbox.send(textTo(to(1)))).rejects.toThrow();
  expect(await heardOk(sandbox, 1)).toBe(true);
  const { totals, repeats, repeat_examples } = await sandbox.report();
  expect(totals).toMatchObject({ arrivals: 2, taken: 2, answered_ok: 1, dropped: 1, dropped_after: 1 });
  expect(repeats).toBe(1);
  expect(repeat_examples).toEqual([{ number: '100', to: to(1).slice(1), taken: 2 }]);
});

test('error_after: taken, then 500 with code 131000', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'error_after' });
  const answer = await sandbox.send(textTo(to(1)));
  expect([answer.status, errorOf(answer).code]).toEqual([500, 131000]);
  expect((await sandbox.report()).totals).toMatchObject({ taken: 1, answered_ok: 0, refused: {} });
  expect((await sandbox.rows())[0]).toMatchObject({ outcome: 'error_after', code: 131000, taken: true });
});

test('garbage: taken, 200, unreadable', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'garbage' });
  const answer = await sandbox.send(textTo(to(1)));
  expect(answer.status).toBe(200);
  expect(() => JSON.parse(answer.text) as unknown).toThrow();
  expect((await sandbox.report()).totals).toMatchObject({ taken: 1, answered_ok: 0 });
});

test('throttle: 130429 without a violation, and nothing is taken', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'throttle', count: 2 });
  expect(errorOf(await sandbox.send(textTo(to(1)))).code).toBe(130429);
  expect(errorOf(await sandbox.send(textTo(to(2)))).code).toBe(130429);
  expect(await heardOk(sandbox, 3)).toBe(true);
  const { totals, violations } = await sandbox.report();
  expect(totals).toMatchObject({ arrivals: 3, taken: 1, refused: { 130429: 2 } });
  expect(violations.total).toBe(0);
});

test('error: any code with any status, and nothing is taken', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'error', code: 131026, status: 400, count: 1 });
  await sandbox.control('POST', 'faults', { kind: 'error', code: 131057, count: 1 });
  const first = await sandbox.send(textTo(to(1)));
  expect([first.status, errorOf(first).message]).toEqual([400, '(#131026) Message undeliverable']);
  const second = await sandbox.send(textTo(to(1)));
  expect([second.status, errorOf(second).code]).toEqual([500, 131057]);
  expect((await sandbox.report()).totals).toMatchObject({ taken: 0, refused: { 131026: 1, 131057: 1 } });
});

test('slow: taken at once, answered after the delay', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'slow', delay_ms: 60, count: 1 });
  const startedMs = performance.now();
  expect(await heardOk(sandbox, 1)).toBe(true);
  // Timers count in whole milliseconds and may fire a fraction early by the finer clock.
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59);
});

test('latency: every answer is that late', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('PUT', 'numbers/100', { latency_ms: { min: 20, max: 40 } });
  const startedMs = performance.now();
  expect(await heardOk(sandbox, 1)).toBe(true);
  expect(await heardOk(sandbox, 2)).toBe(true);
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(38);
});

test('a refused message uses up no fault that strikes after acceptance', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'garbage', count: 1 });
  expect((await sandbox.send({ to: 'nobody' })).status).toBe(400);
  expect(await heardOk(sandbox, 1)).toBe(false);
  expect(await heardOk(sandbox, 2)).toBe(true);
});

test('number, after and count choose exactly which requests are struck', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'error', code: 2, number: '100', after: 2, count: 2 });
  const heard: boolean[] = [];
  for (let index = 0; index < 6; index += 1) {
    heard.push(await heardOk(sandbox, index));
    expect((await sandbox.send(textTo(to(index)), '200')).status).toBe(200);
  }
  expect(heard).toEqual([true, true, false, false, true, true]);
  const { faults } = (await sandbox.control('GET', 'faults')) as {
    faults: { asked: number; struck: number }[];
  };
  expect(faults).toMatchObject([{ asked: 6, struck: 2 }]);
});

test('a rate with a seed strikes the same requests in every run', async () => {
  const runs: string[] = [];
  for (const seed of [7, 7, 8]) {
    const sandbox = await openSandbox();
    await sandbox.control('POST', 'faults', { kind: 'garbage', rate: 0.3, seed });
    const heard: boolean[] = [];
    for (let index = 0; index < 60; index += 1) heard.push(await heardOk(sandbox, index));
    runs.push(heard.map(Number).join(''));
  }
  expect(runs[0]).toBe(runs[1]);
  expect(runs[0]).not.toBe(runs[2]);
  expect(runs[0]).toMatch(/0.*1|1.*0/);
});

test('DELETE ends all faults', async () => {
  const sandbox = await openSandbox();
  await sandbox.control('POST', 'faults', { kind: 'garbage' });
  expect(await heardOk(sandbox, 1)).toBe(false);
  await sandbox.control('DELETE', 'faults');
  expect(await heardOk(sandbox, 2)).toBe(true);
});
