// Meta's signature, by the vector of the reference (§5.5), and the handshake.
import { expect, test } from 'vitest';
import { metaWebhook } from '../../../src/platforms/meta/webhook.ts';

const SECRET = 'test_app_secret';
const SIGNATURE = 'sha256=c19986449854f1e7542032252f0eb19a334a59c94fae7f16f1cea9dc13feffbc';
const BODY =
  '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp",' +
  '"metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Luc\\u00eda"},' +
  '"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.X","timestamp":"1749416383","type":"text",' +
  '"text":{"body":"STOP"}}]},"field":"messages"}]}]}';

const signed = (body: string, header: string | undefined, secret = SECRET): boolean =>
  metaWebhook.signed(
    Buffer.from(body),
    (name) => (name === 'x-hub-signature-256' ? header : undefined),
    secret,
  );

test('the vector of the reference passes', () => {
  expect(Buffer.byteLength(BODY)).toBe(415);
  expect(signed(BODY, SIGNATURE)).toBe(true);
});

test.each([
  ['the same object written with a literal í', BODY.replace('\\u00ed', 'í'), SIGNATURE, SECRET],
  ['one byte more', `${BODY} `, SIGNATURE, SECRET],
  ['another secret', BODY, SIGNATURE, 'other'],
  ['no header', BODY, undefined, SECRET],
  ['no prefix', BODY, SIGNATURE.slice('sha256='.length), SECRET],
  ['half a signature', BODY, SIGNATURE.slice(0, 40), SECRET],
  ['no hexadecimal', BODY, `sha256=${'z'.repeat(64)}`, SECRET],
])('%s does not', (_what, body, header, secret) => {
  expect(signed(body, header, secret)).toBe(false);
});

test('the handshake answers its challenge to who knows the token, and to nobody else', () => {
  const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'token', 'hub.challenge': '1158201444' };
  expect(metaWebhook.challenge(query, 'token')).toBe('1158201444');
  expect(metaWebhook.challenge(query, 'other')).toBeUndefined();
  expect(metaWebhook.challenge({ ...query, 'hub.mode': 'unsubscribe' }, 'token')).toBeUndefined();
  expect(metaWebhook.challenge({ ...query, 'hub.verify_token': ['token'] }, 'token')).toBeUndefined();
  expect(metaWebhook.challenge({ ...query, 'hub.challenge': 'x'.repeat(257) }, 'token')).toBeUndefined();
  expect(metaWebhook.challenge({}, 'token')).toBeUndefined();
});
