// A verdict on a call → what happens to its item, and what must wait beside it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createServerClock } from '../../src/pacing/server-clock.ts';
import type { Later, Sent, Verdict } from '../../src/platforms/port.ts';
import { holdOf } from '../../workers/dispatch/holds.ts';
import { countedAtUs, outcomeOf } from '../../workers/dispatch/outcome.ts';
import type { Grant } from '../../workers/dispatch/take.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const { seal } = jobEntries({ home: 's:s1', sender: 's1', rows: rowsOf(3) });
const grant = (attempt = 1): Grant => ({
  view: { home: 's:s1', seal, spans: [] },
  index: 2,
  try: attempt,
  momentUs: 0,
  run: 'r',
  person: 'p',
  mark: '',
});
const times = { endedUs: 5_000_000, countedUs: 4_000_000, atMs: 1_700_000_000_000 };
const half = () => 0.5;
const later = (over: Partial<Later> = {}): Later => ({
  outcome: 'later',
  code: '130429',
  message: 'slow down',
  sent: true,
  counts: false,
  maxAttempts: undefined,
  moves: 'item',
  throttled: false,
  wait: { atLeastMs: 100, backoff: { baseMs: 1_000, capMs: 60_000 }, askedMs: undefined },
  ...over,
});
const outcome = (verdict: Verdict, attempt = 1, writtenAtUs: number | undefined = 1) => {
  const sent: Sent = { verdict, writtenAtUs, endedAtUs: 2 };
  return outcomeOf(grant(attempt), sent, times, undefined, half);
};

test('accepted, failed and unknown end the try', () => {
  expect(outcome({ outcome: 'accepted', providerId: 'wamid.x', held: false })).toMatchObject({
    to: 'a',
    index: 2,
    try: 1,
    written: true,
    endedUs: times.countedUs,
    result: { providerId: 'wamid.x', error: null },
  });
  const failed: Verdict = { outcome: 'failed', code: '131026', message: 'no', moves: 'item' };
  expect(outcome(failed)).toMatchObject({ to: 'f', result: { providerId: null, error: { code: '131026' } } });
  const unknown: Verdict = { outcome: 'unknown', code: 'timeout', message: '?' };
  expect(outcome(unknown)).toMatchObject({ to: 'u', counts: true, result: { error: { code: 'timeout' } } });
});

test('later waits longer with every try: at least what is asked, plus jitter on a doubling base', () => {
  const waits = [1, 2, 3, 4].map((attempt) => outcome(later(), attempt).dueUs - times.endedUs);
  expect(waits).toEqual([600, 1_100, 2_100, 4_100].map((ms) => ms * 1_000));
  expect(outcome(later(), 30).dueUs - times.endedUs).toBe(30_100_000);
});

test('what the platform asks for replaces the backoff', () => {
  const asked = later({ wait: { ...later().wait, askedMs: 7_000 } });
  expect(outcome(asked, 9).dueUs - times.endedUs).toBe(7_000_000);
});

test('a call that was never written uses up no place, and attempts count only where the table says so', () => {
  const sent: Sent = { verdict: later({ sent: false }), writtenAtUs: undefined, endedAtUs: 2 };
  expect(outcomeOf(grant(), sent, times, undefined, half)).toMatchObject({
    to: 'q',
    written: false,
    counts: false,
  });
  expect(outcome(later({ counts: true, maxAttempts: 5 }))).toMatchObject({ counts: true, maxAttempts: 5 });
});

const content = { template: { name: 'order_ready', language: 'en_US' } };
const hold = (over: Partial<Later>) => holdOf(later(over), 's1', content, half);

test('what an answer says of more than the item is held, and the item waits with it', () => {
  const fields = { sender: 'sender:s1', portfolio: 'portfolio', credentials: 'credentials:s1' } as const;
  for (const moves of ['sender', 'portfolio', 'credentials'] as const) {
    expect(hold({ moves })).toMatchObject({
      field: fields[moves],
      code: '130429',
      atLeastMs: 100,
      share: 0.5,
    });
    expect(outcome(later({ moves })).dueUs).toBe(times.endedUs);
  }
  expect(hold({ moves: 'template' })?.field).toBe('template:order_ready:en_US');
  expect(holdOf(later({ moves: 'template' }), 's1', { text: { body: 'hi' } }, half)).toBeUndefined();
  for (const moves of ['item', 'pair', 'recipient'] as const) expect(hold({ moves })).toBeUndefined();
  expect(holdOf({ outcome: 'unknown', code: 'x', message: '' }, 's1', seal.content, half)).toBeUndefined();
});

test('a throttled number is slowed down, and held only for as long as the platform says', () => {
  expect(hold({ moves: 'sender', throttled: true })).toBeUndefined();
  const wait = { ...later().wait, askedMs: 7_000 };
  const asked = { atLeastMs: 7_000, baseMs: 0, capMs: 0 };
  expect(hold({ moves: 'sender', throttled: true, wait })).toMatchObject(asked);
  expect(outcome(later({ moves: 'sender', throttled: true }))).toMatchObject({ throttled: true, why: 'r' });
  // What is throttled is not the number.
  expect(outcome(later({ moves: 'credentials', throttled: true }))).toMatchObject({ throttled: false });
});

test('an item that waits alone tells why', () => {
  expect(outcome(later({ moves: 'pair' })).why).toBe('p');
  expect(outcome(later({ moves: 'recipient' })).why).toBe('u');
  expect(outcome(later()).why).toBe('r');
});

const OFFSET_US = 1_800_000_000_000_000;

test('an arrival bound frees a place that much after the write, never earlier, and never later than the answer would', () => {
  const call = fc.record({
    writtenAtUs: fc.integer({ min: 1, max: 10_000_000 }),
    roundTripUs: fc.nat(40_000_000),
    boundMs: fc.integer({ min: 1, max: 60_000 }),
    thereUs: fc.nat(20_000),
    backUs: fc.nat(20_000),
  });
  fc.assert(
    fc.property(call, ({ writtenAtUs, roundTripUs, boundMs, thereUs, backUs }) => {
      const sent = { writtenAtUs, endedAtUs: writtenAtUs + roundTripUs };
      const boundUs = writtenAtUs + boundMs * 1_000;
      const countedUs = countedAtUs(sent, boundMs);
      expect(countedUs).toBe(roundTripUs < boundMs * 1_000 ? sent.endedAtUs : boundUs);
      expect(countedAtUs(sent, undefined)).toBe(sent.endedAtUs);
      // In the server's time, which the limits are kept in, it may only be later.
      const clock = createServerClock();
      clock.observe(0, thereUs + backUs, OFFSET_US + thereUs);
      expect(clock.toServer(countedUs)).toBeGreaterThanOrEqual(OFFSET_US + Math.min(sent.endedAtUs, boundUs));
    }),
  );
});

test('a call without an answer is bounded by its write as well, and one without a write by nothing', () => {
  expect(countedAtUs({ writtenAtUs: 1_000, endedAtUs: 30_001_000 }, 20)).toBe(21_000);
  expect(countedAtUs({ writtenAtUs: undefined, endedAtUs: 30_001_000 }, 20)).toBe(30_001_000);
});
