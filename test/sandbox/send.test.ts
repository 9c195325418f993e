// The send call over real HTTP: shapes, codes and the order of the gates.
import { expect, test } from 'vitest';
import { errorOf, openSandbox, templateTo, textTo } from './client.ts';

test('success has exactly the fields of the reference, message_status for templates only', async () => {
  const { send } = await openSandbox();
  const text = await send(textTo('+1 (650) 555-1234'));
  expect(text.status).toBe(200);
  expect(text.headers.get('content-type')).toMatch(/^application\/json/);
  const body = JSON.parse(text.text) as { messages: { id: string }[] };
  expect(body).toEqual({
    messaging_product: 'whatsapp',
    contacts: [{ input: '+1 (650) 555-1234', wa_id: '16505551234' }],
    messages: [{ id: expect.stringMatching(/^wamid\./) }],
  });
  const id = Buffer.from(String(body.messages[0]?.id).slice('wamid.'.length), 'base64').toString('hex');
  const digits = Buffer.from('16505551234').toString('hex');
  expect(id).toMatch(new RegExp(`^1c180b${digits}150200111812(3[0-9]|4[1-6]){18}00$`));

  const template = await send(templateTo('+16505551235', 'order_ready', 'en_US', 2));
  expect(JSON.parse(template.text)).toMatchObject({ messages: [{ message_status: 'accepted' }] });
});

test('any version prefix is served, and connections stay open', async () => {
  const { url, request } = await openSandbox();
  for (const version of ['v16.0', 'v23.0', 'v199.12']) {
    const response = await fetch(`${url}/${version}/100/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer t' },
      body: JSON.stringify(textTo(`+1650555${version.length}000`)),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('keep-alive')).toBe('timeout=72');
    await response.text();
  }
  expect((await request('GET', '/healthz')).status).toBe(200);
});

test('an error has exactly the envelope of the reference', async () => {
  const { send, control } = await openSandbox();
  await control('PUT', 'numbers/100', { throughput: 1, retry_after_s: 2, throttle_status: 429 });
  await send(textTo('+16505551234'));
  const answer = await send(textTo('+16505551235'));
  expect(answer.status).toBe(429);
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(JSON.parse(answer.text)).toEqual({
    error: {
      message: '(#130429) Rate limit hit',
      type: 'OAuthException',
      code: 130429,
      error_data: {
        messaging_product: 'whatsapp',
        details: 'Cloud API message throughput has been reached.',
      },
      error_subcode: 2494055,
      fbtrace_id: expect.stringMatching(/^A[\w-]{22}$/),
    },
  });
  await control('PUT', 'numbers/100', { throttle_status: 400, retry_after_s: null });
  const other = await send(textTo('+16505551236'));
  expect([other.status, other.headers.get('retry-after')]).toEqual([400, null]);
});

test('a token is asked for before everything else', async () => {
  const { send, control } = await openSandbox();
  await control('PUT', 'numbers/7', { token: 'right', registered: false });
  for (const token of [null, '', 'wrong']) {
    const answer = await send('not json', '7', token);
    expect([answer.status, errorOf(answer).code]).toEqual([401, 190]);
    expect(errorOf(answer)).not.toHaveProperty('error_data');
  }
  expect(errorOf(await send(textTo('+16505551234'), '7', 'right')).code).toBe(133010);
  await control('PUT', 'numbers/7', { registered: true });
  expect((await send(textTo('+16505551234'), '7', 'right')).status).toBe(200);
  expect((await send(textTo('+16505551234'), 'anybody', 'anything')).status).toBe(200);
});

test('strict: a number that was not configured does not exist', async () => {
  const { send, control, report } = await openSandbox();
  await control('PUT', 'settings', { strict: true });
  const answer = await send(textTo('+16505551234'), '404');
  expect(answer.status).toBe(400);
  expect(errorOf(answer)).toMatchObject({ type: 'GraphMethodException', code: 100, error_subcode: 33 });
  expect(await report()).toMatchObject({ totals: { arrivals: 1, refused: { 100: 1 } }, numbers: {} });
});

const base = { messaging_product: 'whatsapp', to: '+16505551234', type: 'text', text: { body: 'Hi' } };
test.each([
  ['not json', 'not json', 100],
  ['a list', [], 100],
  ['no product', { ...base, messaging_product: undefined }, 100],
  ['no recipient', { ...base, to: undefined }, 131008],
  ['a recipient in letters', { ...base, to: 'Ana' }, 131009],
  ['a recipient that is too long', { ...base, to: '+1234567890123456' }, 131009],
  ['no type', { ...base, type: undefined }, 131008],
  ['an unknown type', { ...base, type: 'smell' }, 100],
  ['no object of its type', { ...base, type: 'template' }, 131008],
  ['an empty text', { ...base, text: {} }, 131008],
  ['a text of 4097 characters', { ...base, text: { body: 'x'.repeat(4097) } }, 100],
  ['a reference of 513 characters', { ...base, biz_opaque_callback_data: 'x'.repeat(513) }, 100],
  ['a reference that is a number', { ...base, biz_opaque_callback_data: 5 }, 131009],
  ['a template without a language', { ...base, type: 'template', template: { name: 'a' } }, 131008],
])('a body with %s is refused', async (_, body, code) => {
  const { send, report } = await openSandbox();
  const answer = await send(body);
  expect([answer.status, errorOf(answer).code]).toEqual([400, code]);
  expect((await report()).totals).toMatchObject({
    arrivals: 1,
    taken: 0,
    refused: { [code]: 1 },
    pending: 0,
  });
});

test('the longest text and reference are taken, and a recipient without + is counted', async () => {
  const { send, report } = await openSandbox();
  const longest = { ...base, text: { body: 'x'.repeat(4096) }, biz_opaque_callback_data: 'x'.repeat(512) };
  expect((await send(longest)).status).toBe(200);
  expect((await send({ ...base, to: '16505551235' })).status).toBe(200);
  expect((await report()).totals).toMatchObject({ taken: 2, without_plus: 1 });
});

test('templates: unknown, paused, disabled, and the wrong number of parameters', async () => {
  const { send, control } = await openSandbox();
  const templates = [
    { name: 'ready', language: 'en_US', params: 2 },
    { name: 'paused', language: 'en_US', params: 0, status: 'PAUSED' },
    { name: 'gone', language: 'en_US', params: 0, status: 'DISABLED' },
  ];
  await control('PUT', 'numbers/100', { templates });
  const codeOf = async (name: string, language: string, params: number) => {
    const answer = await send(templateTo('+16505551234', name, language, params));
    return [answer.status, answer.status === 200 ? 0 : errorOf(answer).code];
  };
  expect(await codeOf('ready', 'en_US', 2)).toEqual([200, 0]);
  expect(await codeOf('ready', 'de', 2)).toEqual([404, 132001]);
  expect(await codeOf('ready', 'en_US', 1)).toEqual([400, 132000]);
  expect(await codeOf('paused', 'en_US', 0)).toEqual([400, 132015]);
  expect(await codeOf('gone', 'en_US', 0)).toEqual([400, 132016]);
});

test('gates stand in Meta’s order: template, pair, throughput, tier', async () => {
  const { send, control, report } = await openSandbox();
  const templates = [{ name: 'ready', language: 'en_US', params: 0 }];
  const to = '+16505551234';
  await control('PUT', 'portfolios/bm', { limit: 1 });
  await control('PUT', 'numbers/100', { templates, portfolio: 'bm', throughput: 'unlimited' });
  for (let index = 0; index < 45; index += 1) await send(textTo(to));
  await control('PUT', 'numbers/100', { throughput: 1 });
  await control('PUT', 'settings', { clock_offset_ms: 500 });
  expect(errorOf(await send(templateTo(to, 'missing', 'en_US', 0))).code).toBe(132001);
  expect(errorOf(await send(textTo(to))).code).toBe(131056);
  await control('PUT', 'settings', { clock_offset_ms: 60_000 });
  expect(errorOf(await send(textTo('+16505550002'))).code).toBe(131048);
  expect(errorOf(await send(textTo('+16505550003'))).code).toBe(130429);
  expect((await report()).violations).toEqual({ total: 3, throughput: 1, window: 0, pair: 1, unique: 1 });
});

test('unknown routes answer like the Graph API', async () => {
  const { request } = await openSandbox();
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['POST', '/v23.0/100/nothing'],
    ['GET', '/v23.0/100/messages'],
    ['POST', '/control/nothing'],
    ['PUT', '/control/numbers/1/more'],
  ] as const) {
    const answer = await request(method, path, method === 'GET' ? undefined : {});
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toMatchObject({ type: 'OAuthException', code: 2500 });
  }
});
