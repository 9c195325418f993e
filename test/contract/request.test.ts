import { expect, test } from 'vitest';
import { bulkRequestSchema, detailsOf, oneRequestSchema } from '../../src/contract/request.ts';

const good = { sender: 's1', template: { name: 'n', language: 'en_US' }, messages: [{}] };
const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

/** `path code` of each fault. */
const faults = (over: Record<string, unknown>): string[] => {
  const parsed = bulkRequestSchema.safeParse({ ...good, ...over });
  return parsed.success ? [] : detailsOf(parsed.error).map(({ path, code }) => `${path} ${code}`);
};

test('what is left out gets the defaults of the contract', () => {
  expect(bulkRequestSchema.parse(good)).toMatchObject({
    category: 'marketing',
    priority: 'bulk',
    validation: 'permissive',
    on_unknown: 'hold',
    metadata: {},
  });
  const { messages: _, ...one } = good;
  expect(oneRequestSchema.parse({ ...one, to: '+1' }).priority).toBe('high');
});

test.each<[string, Record<string, unknown>, string[]]>([
  ['an unknown field', { extra: 1 }, ['extra unknown_field']],
  [
    'an unknown field inside',
    { template: { name: 'n', language: 'en', x: 1 } },
    ['template.x unknown_field'],
  ],
  ['__proto__', JSON.parse('{"__proto__":{"sender":"x"}}'), ['__proto__ unknown_field']],
  ['no sender', { sender: undefined }, ['sender invalid_type']],
  ['an empty list', { messages: [] }, ['messages invalid']],
  ['no list', { messages: { length: 1 } }, ['messages invalid']],
  ['too many', { messages: new Array(10_001).fill({}) }, ['messages invalid']],
  ['both contents', { text: { body: 'x' } }, ['text ambiguous']],
  ['a long text', { template: undefined, text: { body: 'x'.repeat(4_097) } }, ['text.body too_big']],
  ['a category of its own', { category: 'spam' }, ['category invalid_value']],
  ['a time that no record can hold', { send_at: '0466-07-02T21:03:04Z' }, ['send_at invalid']],
  ['a local time', { send_at: '2026-12-01 09:00' }, ['send_at invalid_format']],
  ['a duration of nothing', { expires_after: '0s' }, ['expires_after invalid']],
  ['a duration beyond 30 d', { expires_after: '31d' }, ['expires_after invalid']],
  ['spread beyond its end', { spread: '2h', expires_after: '1h' }, ['spread too_long']],
  ['a spread that is a number', { spread: 600 }, ['spread invalid_type']],
  ['a finish without a zone', { finish_by: '2026-12-01T09:00:00' }, ['finish_by invalid_format']],
  [
    'a text that must be the only one',
    { template: undefined, text: { body: 'x' }, unique_within: '24h' },
    ['unique_within needs_template'],
  ],
  ['a policy of no name', { on_unknown: 'again' }, ['on_unknown invalid_value']],
  [
    'quiet hours of no length',
    { quiet_hours: { from: '21:00', to: '21:00', time_zone: 'recipient' } },
    ['quiet_hours.to invalid'],
  ],
  [
    'quiet hours nowhere',
    { quiet_hours: { from: '25:00', to: '09:00', time_zone: 'Moon/Sea' } },
    ['quiet_hours.from invalid_format', 'quiet_hours.time_zone invalid'],
  ],
  ['much metadata', { metadata: { a: 'x'.repeat(4_097) } }, ['metadata invalid']],
  ['deep metadata', { metadata: nested(10_000) }, ['metadata invalid']],
  [
    'deep components',
    { template: { name: 'n', language: 'en', components: [nested(10_000)] } },
    ['template.components[0] invalid'],
  ],
])('%s', (_what, over, expected) => {
  expect(faults(over)).toEqual(expected);
});

test('a hundred details at most, and none repeats a value', () => {
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`f${i}`, 'secret']));
  const parsed = bulkRequestSchema.safeParse({ ...good, ...many, category: '+16505551234' });
  const details = parsed.success ? [] : detailsOf(parsed.error);
  expect(details).toHaveLength(100);
  expect(JSON.stringify(details)).not.toMatch(/secret|16505551234/);
});
