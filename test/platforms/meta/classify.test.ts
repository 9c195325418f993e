// Every kind of answer, and of none → the verdict on the item.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerHeaders, CallResult } from '../../../src/base/http.ts';
import { classify, redact } from '../../../src/platforms/meta/classify.ts';
import { CODES } from '../../../src/platforms/meta/codes.ts';
import { waitMs } from '../../../src/platforms/port.ts';

const NOW = Date.parse('2026-11-22T10:00:00.000Z');

const answered = (status: number, body: unknown, headers: AnswerHeaders = {}): CallResult => ({
  kind: 'answered',
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  writtenAtUs: 1,
  answeredAtUs: 2,
});

const graphError = (code: number, more: object = {}): object => ({
  error: {
    message: `(#${code}) Something`,
    type: 'OAuthException',
    code,
    error_data: { messaging_product: 'whatsapp', details: `Details of ${code}.` },
    fbtrace_id: 'Az8or2yhqkZfEZ-_4Qn_Bam',
    ...more,
  },
});

const taken = (more: object = {}): object => ({
  messaging_product: 'whatsapp',
  contacts: [{ input: '+16505551234', wa_id: '16505551234' }],
  messages: [{ id: 'wamid.X', ...more }],
});

const verdictOf = (result: CallResult, hidden: string[] = []) => classify(result, NOW, hidden);

describe('accepted', () => {
  test.each([
    [{}, false],
    [{ message_status: 'accepted' }, false],
    [{ message_status: 'held_for_quality_assessment' }, true],
    [{ message_status: 'paused' }, true],
  ])('200 with an id and %j', (more, held) => {
    expect(verdictOf(answered(200, taken(more)))).toEqual({
      outcome: 'accepted',
      providerId: 'wamid.X',
      held,
      reached: '+16505551234',
    });
  });

  test('an id is proof, whatever else is said', () => {
    for (const status of [200, 201, 400, 500]) {
      expect(verdictOf(answered(status, { ...taken(), ...graphError(131026) }))).toMatchObject({
        outcome: 'accepted',
      });
    }
  });
});

describe('a code decides', () => {
  test.each([...CODES])('%i, whatever the HTTP status', (code, rule) => {
    for (const status of [200, 400, 403, 404, 429, 500, 503]) {
      const verdict = verdictOf(answered(status, graphError(code)));
      expect(verdict).toMatchObject({
        outcome: rule.outcome,
        code: String(code),
        message: `Details of ${code}.`,
      });
      if (verdict.outcome === 'later') expect(verdict.sent).toBe(true);
    }
  });

  test('130429 with 400 and with 429 are the same', () => {
    expect(verdictOf(answered(400, graphError(130429)))).toEqual(
      verdictOf(answered(429, graphError(130429))),
    );
  });

  test.each<[string, object, string]>([
    ['error_data is a text', { error_data: 'as a text' }, 'as a text'],
    ['error_data is absent', { error_data: undefined }, '(#190) Something'],
    ['nothing is said', { error_data: undefined, message: undefined }, 'the token is invalid or expired'],
  ])('the message when %s', (_name, more, message) => {
    expect(verdictOf(answered(401, graphError(190, more)))).toMatchObject({
      outcome: 'later',
      code: '190',
      message,
    });
  });

  test('a list of errors, and a code as a text', () => {
    const body = { errors: [{ code: '131026', title: 'Undeliverable' }] };
    expect(verdictOf(answered(200, body))).toEqual({
      outcome: 'failed',
      code: '131026',
      message: 'Undeliverable',
      moves: 'recipient',
    });
  });

  test.each<[number, object, string]>([
    [400, {}, 'failed'],
    [400, { is_transient: true }, 'later'],
    [429, {}, 'later'],
    [500, {}, 'unknown'],
    [500, { is_transient: true }, 'unknown'],
    [200, {}, 'unknown'],
  ])('a code that nobody documents, HTTP %i %j: %s', (status, more, outcome) => {
    expect(verdictOf(answered(status, graphError(999_999, more)))).toMatchObject({ outcome, code: '999999' });
  });
});

describe('no code', () => {
  const bodies = [
    '',
    'OK',
    '<html>',
    '{"error":',
    '[]',
    'null',
    '{}',
    '{"messages":[]}',
    '{"messages":[{"id":""}]}',
    '{"error":{"code":"x"}}',
    '{"error":[1]}',
  ];
  test.each<[number, string]>([
    [200, 'unknown'],
    [202, 'unknown'],
    [302, 'unknown'],
    [400, 'failed'],
    [404, 'failed'],
    [429, 'later'],
    [500, 'unknown'],
    [502, 'unknown'],
    [504, 'unknown'],
  ])('HTTP %i: %s', (status, outcome) => {
    for (const body of bodies) {
      expect(verdictOf(answered(status, body)), body).toMatchObject({ outcome, code: `http_${status}` });
    }
  });
});

describe('no answer', () => {
  test.each(['timeout', 'reset', 'too_large', 'protocol'] as const)('%s: unknown', (reason) => {
    const result: CallResult = { kind: 'unanswered', reason, detail: 'ECONNRESET', writtenAtUs: 1, atUs: 2 };
    expect(verdictOf(result)).toMatchObject({ outcome: 'unknown', code: reason });
  });

  test.each([
    ['late', 'late', 'item'],
    ['closed', 'closed', 'item'],
    ['connect', 'unreachable', 'sender'],
    ['invalid', 'invalid_credentials', 'credentials'],
  ] as const)('not sent, %s: later, and never counted', (reason, code, moves) => {
    expect(verdictOf({ kind: 'not_sent', reason, detail: 'ECONNREFUSED', atUs: 1 })).toMatchObject({
      outcome: 'later',
      code,
      sent: false,
      counts: false,
      moves,
    });
  });
});

describe('waiting', () => {
  const waitOf = (result: CallResult, repeat = 0, random = 0.5): number => {
    const verdict = verdictOf(result);
    if (verdict.outcome !== 'later') throw new Error(verdict.outcome);
    return waitMs(verdict.wait, repeat, () => random);
  };

  test('backs off 1, 2, 4, 8 … s with full jitter, at most a minute', () => {
    const throttled = answered(429, graphError(130429));
    expect([0, 1, 2, 3, 9].map((n) => waitOf(throttled, n, 0.999_999))).toEqual([
      1_000, 2_000, 4_000, 8_000, 60_000,
    ]);
    expect(waitOf(throttled, 3, 0)).toBe(0);
  });

  test('retry-after is honoured', () => {
    expect(waitOf(answered(429, graphError(130429), { 'retry-after': '7' }))).toBe(7_000);
    expect(waitOf(answered(429, 'slow down', { 'retry-after': '7' }))).toBe(7_000);
  });

  test('the usage header is in minutes', () => {
    const headers = { 'x-business-use-case-usage': '{"1":[{"estimated_time_to_regain_access":19}]}' };
    expect(waitOf(answered(400, graphError(80007), headers))).toBe(19 * 60_000);
  });

  test('retry-after never shortens what the code demands', () => {
    expect(waitOf(answered(400, graphError(131049), { 'retry-after': '7' }))).toBe(24 * 3_600_000);
  });

  test('not in time costs no wait', () => {
    expect(waitOf({ kind: 'not_sent', reason: 'late', detail: '', atUs: 1 })).toBe(0);
  });
});

describe('what is stored of their words', () => {
  test.each([
    ['Recipient +16505551234 not allowed', 'Recipient … not allowed'],
    ['to +1 (650) 555-12 34.', 'to ….'],
    ['Malformed access token EAAGm0PX4ZCpsBAKZCZD0123', 'Malformed access token …'],
    ['id wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJC', 'id …'],
    ['body: number of localizable_params (1) does not match the expected number of params (3)', undefined],
    ['(#130429) Rate limit hit, order_ready_for_pickup_at_the_store_in_en_US', undefined],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected ?? text);
  });

  test('no secret that is given, at most 200 characters', () => {
    expect(
      verdictOf(answered(401, graphError(190, { error_data: 'token tiny is bad' })), ['tiny']),
    ).toMatchObject({
      message: 'token … is bad',
    });
    expect(redact('word '.repeat(10_000))).toHaveLength(200);
  });

  test('never seven digits in a row', () => {
    fc.assert(fc.property(fc.string(), fc.nat(), (text, n) => !/\d{7}/.test(redact(`${text}+1650555${n}`))));
  });
});

test('whatever comes back, there is a verdict', () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ error: fc.object() }).map((one) => JSON.stringify(one)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), body, (status, text) => {
      expect(verdictOf(answered(status, text)).outcome).toMatch(/^(accepted|failed|later|unknown)$/);
    }),
  );
});
