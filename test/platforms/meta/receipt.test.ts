// Meta's webhook bodies of the reference (§5.3–§5.6) → what they say. What is not understood is left out.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWebhook } from '../../../src/platforms/meta/receipt.ts';

const NOW = 1_774_706_400_000;
const metadata = { display_phone_number: '15550783881', phone_number_id: '106540352242922' };
const names = { account: '102', number: '15550783881' };

const body = (...changes: unknown[]): Buffer =>
  Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '102', changes }] }));
const messages = (value: object): Buffer =>
  body({ field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } });
const read = (raw: Buffer) => readWebhook(raw, NOW);
const account = (field: string, value: object) =>
  read(body({ field, value }))?.map((one) => (one.kind === 'account' ? one.change : one));

test('statuses, with the attempt id they bring back and the reason of a failure', () => {
  const status = { id: 'wamid.A', recipient_id: '16505551234', timestamp: '1750030073' };
  const error = {
    code: 131049,
    title: 'This message was not delivered',
    error_data: { details: 'not to +1 650 555 1234 today' },
  };
  const raw = messages({
    statuses: [
      { ...status, status: 'sent', biz_opaque_callback_data: 'att' },
      { ...status, status: 'played' },
      { ...status, status: 'failed', errors: [error] },
      { ...status, status: 'warped' },
      { status: 'read' },
      'nonsense',
    ],
  });
  expect(read(raw)).toEqual([
    {
      kind: 'statuses',
      names,
      externalId: '106540352242922',
      statuses: [
        { id: 'wamid.A', status: 'sent', at: 1_750_030_073_000, attemptId: 'att' },
        { id: 'wamid.A', status: 'read', at: 1_750_030_073_000, attemptId: undefined },
        {
          id: 'wamid.A',
          status: 'failed',
          at: 1_750_030_073_000,
          attemptId: undefined,
          error: { code: '131049', message: 'not to … today' },
          to: '+16505551234',
        },
      ],
    },
  ]);
});

test('inbound texts, taps and opt-outs', () => {
  const raw = messages({
    contacts: [{ profile: { name: 'Lucía' }, wa_id: '16505551234' }],
    messages: [
      { from: '16505551234', id: 'wamid.X', timestamp: '1749416383', type: 'text', text: { body: 'STOP' } },
      {
        from: '16505551234',
        id: 'wamid.Y',
        timestamp: '9949416383',
        type: 'button',
        button: { payload: 'Unsubscribe', text: 'Stop it' },
        context: { from: '1', id: 'wamid.A' },
      },
      { from: 'nobody', id: 'wamid.Z', type: 'text' },
    ],
    user_preferences: [{ wa_id: '16505551235', value: 'stop', timestamp: 1_749_416_383 }],
  });
  const [inbound] = read(raw) ?? [];
  expect(inbound).toMatchObject({
    kind: 'inbound',
    messages: [
      { id: 'wamid.X', from: '+16505551234', at: 1_749_416_383_000, kind: 'text', text: 'STOP' },
      // A time in the future is not believed.
      {
        id: 'wamid.Y',
        at: NOW,
        kind: 'button',
        text: 'Stop it',
        payload: 'Unsubscribe',
        reply_to: 'wamid.A',
      },
      { from: '+16505551235', kind: 'preference', payload: 'stop' },
    ],
  });
});

test.each([
  [
    'business_capability_update',
    { max_daily_conversations_per_business: 2_000 },
    [{ type: 'messaging_limit', limit: 2_000 }],
  ],
  [
    'business_capability_update',
    { max_daily_conversations_per_business: -1 },
    [{ type: 'messaging_limit', limit: 'unlimited' }],
  ],
  ['business_capability_update', { max_daily_conversations_per_business: 0 }, []],
  [
    'phone_number_quality_update',
    {
      event: 'THROUGHPUT_UPGRADE',
      current_limit: 'TIER_100K',
      max_daily_conversations_per_business: 'TIER_UNLIMITED',
    },
    [
      { type: 'throughput', per_second: 1_000 },
      { type: 'messaging_limit', limit: 'unlimited' },
    ],
  ],
  [
    'phone_number_quality_update',
    { event: 'ONBOARDING', current_limit: 'TIER_2K' },
    [{ type: 'messaging_limit', limit: 2_000 }],
  ],
  ['phone_number_quality_update', { event: 'FLAGGED', current_limit: 'TIER_NOT_SET' }, []],
  [
    'account_update',
    {
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [
        { restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', expiration: 1_774_792_800 },
      ],
    },
    [{ type: 'account_held', code: 'ACCOUNT_RESTRICTION', until: 1_774_792_800_000 }],
  ],
  [
    'account_update',
    {
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [{ restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING' }],
    },
    [{ type: 'account_held', code: 'ACCOUNT_RESTRICTION' }],
  ],
  [
    'account_update',
    {
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [{ restriction_type: 'RESTRICTED_ADD_PHONE_NUMBER_ACTION' }],
    },
    [],
  ],
  [
    'account_update',
    { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } },
    [{ type: 'account_held', code: 'DISABLED_UPDATE' }],
  ],
  [
    'account_update',
    { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'REINSTATE' } },
    [{ type: 'account_freed' }],
  ],
  ['account_update', { event: 'VERIFIED_ACCOUNT' }, [{ type: 'account_freed' }]],
  ['account_update', { event: 'ACCOUNT_VIOLATION' }, []],
  [
    'message_template_status_update',
    { event: 'PAUSED', message_template_name: 'offer', message_template_language: 'en_US' },
    [{ type: 'template_held', name: 'offer', language: 'en_US', code: 'PAUSED' }],
  ],
  [
    'message_template_status_update',
    { event: 'APPROVED', message_template_name: 'offer', message_template_language: 'en_US' },
    [{ type: 'template_freed', name: 'offer', language: 'en_US' }],
  ],
  ['message_template_quality_update', { new_quality_score: 'RED' }, []],
])('%s %j', (field, value, changes) => {
  expect(account(field, value)).toEqual(changes);
});

test('what is no webhook is told from an empty one', () => {
  expect(read(Buffer.from('{"object":'))).toBeUndefined();
  expect(read(Buffer.from('[]'))).toBeUndefined();
  expect(read(Buffer.from('{"object":"page","entry":[]}'))).toBeUndefined();
  expect(read(body())).toEqual([]);
});

test('no body makes it throw', () => {
  const word = fc.constantFrom(
    ...['entry', 'changes', 'field', 'value', 'metadata', 'statuses', 'messages', 'errors', 'id', 'status'],
    ...[
      'messages',
      'account_update',
      'restriction_info',
      'phone_number_id',
      'failed',
      'sent',
      'text',
      'from',
      'type',
    ],
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, word, fc.integer(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('tree'), { maxLength: 3 }),
    object: fc.dictionary(word, tie('tree'), { maxKeys: 5 }),
  }));
  fc.assert(
    fc.property(fc.array(tree), (changes) => {
      expect(Array.isArray(read(body(...changes)))).toBe(true);
    }),
  );
});
