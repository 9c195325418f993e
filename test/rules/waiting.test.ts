// No test sleeps, and none is left out. Time and chance come in through the clock.
import { expect, test } from 'vitest';
import { type Source, source, sources } from './sources.ts';

interface Ban {
  pattern: RegExp;
  why: string;
}

const inTests: Ban[] = [
  { pattern: /\bset(Timeout|Interval)\b|\bscheduler\.wait\b/g, why: 'wait on a signal, or with until()' },
  { pattern: /\bsleep\w*\s*\(/gi, why: 'wait on a signal, or with until()' },
  { pattern: /\.(skip|only|todo|skipIf|runIf)\b\s*[(.]/g, why: 'no test is left out' },
  { pattern: /\b(skip|only|todo|retry)\s*:\s*(true|[1-9])/g, why: 'no test is left out or tried again' },
];
const waiter = 'test/support/until.ts';

const throughTheClock: Ban[] = [
  { pattern: /\bDate\.now\b/g, why: 'time comes from the clock' },
  { pattern: /\bnew Date\s*(\(\s*\)|[;,)])/g, why: 'time comes from the clock' },
  { pattern: /\bperformance\.now\b/g, why: 'time comes from the clock' },
  { pattern: /\bprocess\.hrtime\b/g, why: 'time comes from the clock' },
  { pattern: /\bset(Timeout|Interval)\b|\bscheduler\.wait\b/g, why: 'timers come from the clock' },
  { pattern: /\bMath\.random\b/g, why: 'chance comes from the clock' },
];
const mayKnowTime = /^src\/(base\/clock\.ts$|setup\/)/;

function banned(files: Source[], bans: Ban[]): string[] {
  return files.flatMap((file) =>
    bans.flatMap(({ pattern, why }) =>
      [...file.code.matchAll(pattern)].map((match) => {
        const line = file.code.slice(0, match.index).split('\n').length;
        return `${file.path}:${line} ${match[0].trim()}: ${why}`;
      }),
    ),
  );
}

test('no test sleeps, is left out or is tried again', () => {
  const tests = sources(['test']).filter((file) => file.path !== waiter);
  expect(banned(tests, inTests)).toEqual([]);
});

test('time and chance come in through the clock', () => {
  const files = sources(['src', 'workers']).filter((file) => !mayKnowTime.test(file.path));
  expect(banned(files, throughTheClock)).toEqual([]);
});

test.each([
  'await new Promise((wake) => setTimeout(wake, 100));',
  'setInterval(look, 5);',
  'await sleep(20);',
  `import { setTimeout as pause } from 'node:timers/promises';`,
  `test.skip('later', () => {});`,
  `describe.only('this', () => {});`,
  `it.todo('that');`,
  `test('flaky', { retry: 3 }, () => {});`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the planted offence is a template
  'const text = `${await sleep(5)}`;',
])('planted in a test: %s', (text) => {
  expect(banned([source('test/x.test.ts', text)], inTests)).toHaveLength(1);
});

test.each([
  'const at = Date.now();',
  'const at = new Date();',
  'const at = performance.now();',
  'const timer = setTimeout(end, 5);',
  'const dice = Math.random();',
  `import { setTimeout as pause } from 'timers/promises';`,
])('planted in src: %s', (text) => {
  expect(banned([source('src/lanes/x.ts', text)], throughTheClock)).not.toEqual([]);
});

test('planted: comments, strings and given moments are no offence', () => {
  const text = `// Date.now() is not for us\nconst said = 'setTimeout(x)';\nconst at = new Date(ms);\nconst re = /Date.now/;`;
  expect(banned([source('src/lanes/x.ts', text)], throughTheClock)).toEqual([]);
});
