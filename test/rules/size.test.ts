// Small on purpose: a file that outgrows its bound is a sign that a word is missing.
import { expect, test } from 'vitest';
import { type Source, source, sources } from './sources.ts';

const bounds: [RegExp, number][] = [
  [/\.generated\.ts$/, Number.POSITIVE_INFINITY],
  [/\.(ts|mjs)$/, 300],
  [/\.lua$/, 120],
];

function tooLong(files: Source[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    const bound = bounds.find(([name]) => name.test(path))?.[1] ?? Number.POSITIVE_INFINITY;
    return lines > bound ? [`${path} has ${lines} lines, at most ${bound}`] : [];
  });
}

test('no source outgrows its bound', () => {
  expect(tooLong(sources(['src', 'workers', 'sandbox'], /\.(ts|mjs|lua)$/))).toEqual([]);
});

test('planted: one line too many is seen', () => {
  expect(
    tooLong([source('src/api/x.ts', 'a\n'.repeat(300)), source('src/lanes/lua/x.lua', 'a\n'.repeat(120))]),
  ).toEqual([]);
  expect(
    tooLong([source('src/api/x.ts', 'a\n'.repeat(301)), source('src/lanes/lua/x.lua', 'a\n'.repeat(121))]),
  ).toHaveLength(2);
});
