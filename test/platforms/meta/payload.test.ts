// The body of Meta's send call, as reference §5.1 shows it, and with whatever text people put into it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Content, Variables } from '../../../src/contract/record.ts';
import { payload } from '../../../src/platforms/meta/payload.ts';

const TO = '+16505551234';
const ID = 'att_01J';
const template = { name: 'order_ready', language: 'en_US' };

const sent = (content: Content, variables?: Variables, to = TO, attemptId = ID): unknown =>
  JSON.parse(payload({ to, content, variables, attemptId }));

const frame = (rest: object): object => ({
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: TO,
  ...rest,
  biz_opaque_callback_data: ID,
});

const header = { type: 'header', parameters: [{ type: 'image', image: { id: '4490709327384033' } }] };
const button = {
  type: 'button',
  sub_type: 'quick_reply',
  index: '0',
  parameters: [{ type: 'payload', payload: 'STOP' }],
};
const body = (...parameters: object[]): object => ({ type: 'body', parameters });
const ANA = { type: 'text', text: 'Ana' };
const A17 = { type: 'text', text: 'A-17' };

/** The template part as Meta wants it. */
const templated = (components?: object[]): object =>
  frame({
    type: 'template',
    template: { name: 'order_ready', language: { code: 'en_US' }, ...(components ? { components } : {}) },
  });

describe('text', () => {
  test('is the sample of the reference, byte for byte', () => {
    expect(payload({ to: TO, content: { text: { body: 'Hi' } }, variables: undefined, attemptId: ID })).toBe(
      '{"messaging_product":"whatsapp","recipient_type":"individual","to":"+16505551234","type":"text",' +
        '"text":{"preview_url":false,"body":"Hi"},"biz_opaque_callback_data":"att_01J"}',
    );
  });

  test('keeps preview_url', () => {
    const content = { text: { body: 'https://example.com', preview_url: true } };
    expect(sent(content)).toEqual(
      frame({ type: 'text', text: { preview_url: true, body: 'https://example.com' } }),
    );
  });

  test.each<[Variables, string]>([
    [['Ana', 'A-17'], 'Ana: A-17, Ana'],
    [{ 1: 'Bo', 2: 'B-2' }, 'Bo: B-2, Bo'],
  ])('fills {{1}} and {{ 2 }} from %j', (variables, filled) => {
    const content = { text: { body: '{{1}}: {{ 2 }}, {{1}}' } };
    expect(sent(content, variables)).toMatchObject({ text: { body: filled } });
  });

  test('fills names, and variables are not filled again', () => {
    const content = { text: { body: 'Hi {{first_name}}' } };
    expect(sent(content, { first_name: '{{first_name}}"' })).toMatchObject({
      text: { body: 'Hi {{first_name}}"' },
    });
  });
});

describe('template', () => {
  test('without variables has no components', () => {
    expect(sent({ template })).toEqual(templated());
    expect(sent({ template }, [])).toEqual(templated());
    expect(sent({ template }, {})).toEqual(templated());
  });

  test('positional variables', () => {
    expect(sent({ template }, ['Ana', 'A-17'])).toEqual(templated([body(ANA, A17)]));
  });

  test('named variables carry their names, every one', () => {
    expect(sent({ template }, { customer: 'Ana', order_id: 'A-17' })).toEqual(
      templated([
        body(
          { type: 'text', parameter_name: 'customer', text: 'Ana' },
          { type: 'text', parameter_name: 'order_id', text: 'A-17' },
        ),
      ]),
    );
  });

  test('is the sample of the reference, byte for byte: header, body, button', () => {
    const content = { template: { ...template, components: [header, button] } };
    expect(payload({ to: TO, content, variables: ['Ana', 'A-17'], attemptId: ID })).toBe(
      '{"messaging_product":"whatsapp","recipient_type":"individual","to":"+16505551234","type":"template",' +
        '"template":{"name":"order_ready","language":{"code":"en_US"},' +
        '"components":[{"type":"header","parameters":[{"type":"image","image":{"id":"4490709327384033"}}]},' +
        '{"type":"body","parameters":[{"type":"text","text":"Ana"},{"type":"text","text":"A-17"}]},' +
        '{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"STOP"}]}]},' +
        '"biz_opaque_callback_data":"att_01J"}',
    );
  });

  test.each([
    ['only a header', [header], [header, body(ANA)]],
    ['only a button', [button], [body(ANA), button]],
    ['an empty body', [{ type: 'body' }, button], [body(ANA), button]],
    ['a body of its own', [header, body(A17)], [header, body(A17)]],
    [
      'placeholders',
      [body({ type: 'text', text: 'Dear {{1}}' })],
      [body({ type: 'text', text: 'Dear Ana' })],
    ],
  ])('components with %s', (_name, given, expected) => {
    expect(
      sent({ template: { ...template, components: given as Record<string, unknown>[] } }, ['Ana']),
    ).toEqual(templated(expected as object[]));
  });

  test('components without variables pass through', () => {
    expect(sent({ template: { ...template, components: [button, header] } })).toEqual(
      templated([header, button]),
    );
  });
});

test('`to` always has its +: without it Meta would add the country of the business', () => {
  expect(sent({ template }, undefined, '16505551234')).toMatchObject({ to: TO });
});

describe('any text at all', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 80 });
  const strings = fc.oneof(
    texts,
    fc.constantFrom('"', '\\', '\n\r\t\u0000', '😀👩‍👩‍👧', '\ud800', '{{1}}', '}}', '\u2028'),
  );
  /** What JSON makes of lone surrogates is their escape, and parsing gives them back. */
  const same = (text: string): string => JSON.parse(JSON.stringify(text));

  test('comes back as it was: positional and named variables', () => {
    fc.assert(
      fc.property(fc.array(strings, { minLength: 1, maxLength: 5 }), strings, (variables, attemptId) => {
        const named = Object.fromEntries(variables.map((text, i) => [`v${i}_${text}`, text]));
        expect(sent({ template }, variables, TO, attemptId)).toMatchObject({
          biz_opaque_callback_data: same(attemptId),
          template: {
            components: [{ parameters: variables.map((text) => ({ type: 'text', text: same(text) })) }],
          },
        });
        expect(sent({ template }, named)).toMatchObject({
          template: {
            components: [
              {
                parameters: Object.entries(named).map(([name, text]) => ({
                  type: 'text',
                  parameter_name: same(name),
                  text: same(text),
                })),
              },
            ],
          },
        });
      }),
    );
  });

  test('comes back as it was: around and inside placeholders', () => {
    const quiet = strings.map((text) => text.replaceAll('{', '('));
    fc.assert(
      fc.property(quiet, strings, quiet, (before, value, behind) => {
        const filled = before + value + behind;
        const content = { text: { body: `${before}{{1}}${behind}` } };
        expect(sent(content, [value])).toMatchObject({ text: { body: filled } });
        // No arbitrary keys here: V8's JSON.parse reads "k\ud800" as "k\\" once it has seen an object with that key, so reading would err, not writing.
        const components = [{ type: 'button', url: `${before}{{code}}${behind}`, note: before }];
        expect(sent({ template: { ...template, components } }, { code: value })).toMatchObject({
          template: { components: [{ type: 'body' }, { url: filled, note: before }] },
        });
      }),
    );
  });
});
