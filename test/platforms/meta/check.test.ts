// What is told before sending: missing variables, wrong shapes, texts that are too long.
import { describe, expect, test } from 'vitest';
import type { Content, Variables } from '../../../src/contract/record.ts';
import { check, missingVariables } from '../../../src/platforms/meta/check.ts';

const text = (body: string): Content => ({ text: { body } });
const template = { name: 'order_ready', language: 'en_US' };

describe('missing variables', () => {
  test.each<[string, Content, Variables | undefined, string[]]>([
    ['none are asked for', text('Hi'), undefined, []],
    ['no variables', text('{{1}} {{name}}'), undefined, ['1', 'name']],
    ['a list that is too short', text('{{1}} {{2}} {{3}} {{2}}'), ['a'], ['2', '3']],
    ['a name that a list cannot have', text('{{name}} {{0}} {{01}}'), ['a'], ['name', '0', '01']],
    ['an inherited name is none', text('{{constructor}}'), {}, ['constructor']],
    ['an empty variable is one', text('Hi {{name}}'), { name: '' }, []],
    ['a template alone', { template }, undefined, []],
    [
      'placeholders in components',
      { template: { ...template, components: [{ type: 'button', url: '{{code}}' }] } },
      { other: 'x' },
      ['code'],
    ],
  ])('%s', (_name, content, variables, missing) => {
    expect(missingVariables(content, variables)).toEqual(missing);
    const problem = check(content, variables);
    expect(problem?.code).toBe(missing.length > 0 ? 'variables_missing' : undefined);
    for (const name of missing) expect(problem?.message).toContain(`{{${name}}}`);
  });
});

describe('content that can never be sent', () => {
  test.each<[string, Content, Variables | undefined]>([
    ['neither template nor text', {}, undefined],
    ['both', { template, ...text('Hi') }, undefined],
    ['a template without a name', { template: { name: '', language: 'en' } }, undefined],
    ['an empty text', text(''), undefined],
    ['a text that is empty once filled', text('{{1}}'), ['']],
    ['4,097 characters', text('x'.repeat(4_097)), undefined],
    ['4,097 characters once filled', text('{{1}}'), ['x'.repeat(4_097)]],
    ['a variable that is no text', text('Hi'), [1] as unknown as string[]],
  ])('%s', (_name, content, variables) => {
    expect(check(content, variables)).toMatchObject({ code: 'invalid_content' });
  });

  test('4,096 characters may go, filled or not', () => {
    expect(check(text('x'.repeat(4_096)), undefined)).toBeUndefined();
    expect(check(text(`{{1}}${'x'.repeat(4_090)}`), ['123456'])).toBeUndefined();
  });
});
