// The judge on histories made by hand: a clean one passes, and each kind of harm is seen by itself. And the schedule: one seed, one course.
import { expect, test } from 'vitest';
import { type Evidence, judge } from './check.ts';
import { scheduleOf } from './schedule.ts';

const item = (index: number, status = 'accepted') => ({ to: `1650000${index}`, status, index });
const counts = (accepted: number, unknown = 0) => ({ total: accepted + unknown, accepted, unknown });
const arrived = (index: number, seq = index) => ({
  seq,
  at: 10,
  to: `1650000${index}`,
  taken: true,
  outcome: 'accepted',
});
const clean = (): Evidence => ({
  client: [{ at: 1, key: 'k', first: 0, count: 2, status: 202, job: 'job_1' }],
  platform: [arrived(0), arrived(1)],
  faults: [{ at: 5, kind: 'kill', target: 'dispatch', sending: 1 }],
  lanes: [
    { at: 1, lane: 'l', fence: 1 },
    { at: 2, lane: 'l', fence: 2 },
  ],
  sink: [0, 1].map((index) => ({
    at: 20,
    id: `evt_${index}`,
    type: 'message.accepted',
    job: 'job_1',
    index,
  })),
  ends: [{ at: 30, job: 'job_1', status: 'completed', counts: counts(2), items: [item(0), item(1)] }],
  listed: 1,
  patienceMs: 100,
  resends: false,
  gentle: false,
});

test('a clean history passes', () => {
  expect(judge(clean()).violations).toEqual([]);
});

const ended = (over: object) => [{ ...clean().ends[0], ...over }] as Evidence['ends'];
test.each<[string, Partial<Evidence>, RegExp]>([
  ['a job that never ended', { ends: ended({ status: 'sending' }) }, /never ended/],
  ['a job that is gone', { ends: ended({ status: '', counts: {}, items: [] }) }, /not there/],
  [
    'a post that nobody took',
    { client: [{ at: 1, key: 'k', first: 0, count: 2, status: 503 }] },
    /never acknowledged/,
  ],
  ['two jobs for one key', { listed: 2 }, /2 jobs for 1 keys/],
  ['a message twice', { platform: [arrived(0), arrived(1), arrived(1, 2)] }, /received 2 messages/],
  ['a message that is accepted and never arrived', { platform: [arrived(0)] }, /never did/],
  [
    'a message that failed and arrived',
    { ends: ended({ counts: { total: 2, accepted: 1, failed: 1 }, items: [item(0), item(1, 'failed')] }) },
    /is failed, and received it/,
  ],
  ['counts that do not add up', { ends: ended({ counts: { total: 3, accepted: 2 } }) }, /counts 2 of 3/],
  [
    'more unknown than were under way',
    { ends: ended({ counts: counts(0, 2), items: [item(0, 'unknown'), item(1, 'unknown')] }) },
    /2 are unknown, and only 1/,
  ],
  [
    'a take of a turn that is over',
    { lanes: [...clean().lanes, { at: 3, lane: 'l', fence: 1 }] },
    /a turn that was over/,
  ],
  ['an event that was never told', { sink: clean().sink.slice(0, 1) }, /never told/],
  [
    'an event under two ids',
    { sink: [...clean().sink, { ...clean().sink[0], id: 'evt_9' }] as Evidence['sink'] },
    /2 ids/,
  ],
  ['an end that came too late', { ends: ended({ at: 500 }) }, /ms after the last fault/],
  [
    'a refusal where nothing was killed',
    { gentle: true, client: [{ at: 0, key: 'k', first: 0, count: 2, status: 503 }, ...clean().client] },
    /1 posts were refused/,
  ],
])('%s is seen', (_what, over, expected) => {
  expect(judge({ ...clean(), ...over }).violations.join('\n')).toMatch(expected);
});

test('one seed, one schedule; Kafka seldom, and never twice within a minute', () => {
  const options = { seed: 5, faults: 200, overMs: 900_000, kafka: true };
  const schedule = scheduleOf(options);
  expect(scheduleOf(options)).toEqual(schedule);
  expect(scheduleOf({ ...options, seed: 6 })).not.toEqual(schedule);
  const kafka = schedule.filter(({ target }) => target === 'kafka').map(({ atMs }) => atMs);
  expect(kafka.length).toBeLessThanOrEqual(10);
  expect(kafka.every((atMs, i) => i === 0 || atMs - (kafka[i - 1] ?? 0) >= 60_000)).toBe(true);
  const kinds = new Set(schedule.map(({ kind, target }) => `${kind} ${target}`));
  expect([...kinds]).toEqual(
    expect.arrayContaining(['kill dispatch', 'freeze dispatch', 'kill redis', 'restart api']),
  );
});
