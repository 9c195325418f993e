// Every hold has a sentence of its own, and says until when where that is known.
import { expect, test } from 'vitest';
import { HOLD_REASONS, holdOf, isReason, LIMIT_NAMES } from '../../src/contract/hold.ts';
import { namedLimitSchema } from '../../src/contract/limit.ts';

const UNTIL_MS = Date.UTC(2026, 2, 28, 14, 30);

test('every reason and every known limit has a sentence of its own', () => {
  const sentences = [...HOLD_REASONS, ...LIMIT_NAMES].map(
    (limit) => holdOf({ limit, scope: 's1', untilMs: null }).message,
  );
  expect(new Set(sentences).size).toBe(sentences.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
});

test('a limit of the accounts is named by its name', () => {
  expect(holdOf({ limit: 'minute', scope: 'acme_bm', untilMs: UNTIL_MS })).toEqual({
    limit: 'minute',
    scope: 'acme_bm',
    until: '2026-03-28T14:30:00.000Z',
    message: 'The limit minute of acme_bm is used up; until 2026-03-28T14:30:00.000Z.',
  });
});

test('a name that objects have by themselves is a limit like any other', () => {
  expect(holdOf({ limit: 'constructor', scope: 's1', untilMs: null }).message).toBe(
    'The limit constructor of s1 is used up.',
  );
});

test('reasons and limits do not share names', () => {
  expect(LIMIT_NAMES.filter(isReason)).toEqual([]);
  expect(isReason('sender_paused')).toBe(true);
  const named = (name: string) => namedLimitSchema.safeParse({ name, count: 1, per: '1s' }).success;
  expect([...HOLD_REASONS, 'calls'].filter(named)).toEqual([]);
  expect(named('minute')).toBe(true);
});
