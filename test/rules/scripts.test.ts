// Every .lua file says first which KEYS and ARGV it takes and what it returns: positions are all a caller has.
import { expect, test } from 'vitest';
import { type Source, source, sources } from './sources.ts';

const names = ['KEYS', 'ARGV'] as const;

function badHeaders(scripts: Source[]): string[] {
  return scripts.flatMap((script) => faults(script).map((fault) => `${script.path}: ${fault}`));
}

function faults({ path, text }: Source): string[] {
  const lines = text.replace(/^#!lua[^\n]*\n/, '').split('\n'); // Redis wants its flags in the very first line
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const header = lines.slice(0, end < 0 ? lines.length : end);
  if (/(^|\/)_[^/]*$/.test(path)) {
    return header[0]?.includes('include:')
      ? []
      : ['the first line of an include says "include:" and what it offers'];
  }
  const body = lines
    .slice(header.length)
    .join('\n')
    .replace(/--[^\n]*/g, '');
  const missing = names.flatMap((name) => unnamed(name, header, body));
  return header.some((line) => /\breturns?\b/i.test(line))
    ? missing
    : [...missing, 'the header does not say what it returns'];
}

function unnamed(name: (typeof names)[number], header: string[], body: string): string[] {
  const entries = header.flatMap((line) => {
    const match = new RegExp(`^--\\s+${name}\\[(\\d+)(\\.\\.(\\d*))?\\]\\s+\\S`).exec(line);
    if (!match) return [];
    const from = Number(match[1]);
    return [
      { from, to: match[2] ? Number(match[3] || Number.POSITIVE_INFINITY) : from, open: Boolean(match[2]) },
    ];
  });
  const used = new Set(
    [...body.matchAll(new RegExp(`\\b${name}\\[\\s*(\\d+)\\s*\\]`, 'g'))].map((match) => Number(match[1])),
  );
  const lost = [...used].filter((at) => !entries.some(({ from, to }) => from <= at && at <= to));
  const computed = new RegExp(`\\b${name}\\[\\s*[^\\d\\s]|#${name}\\b|unpack\\(${name}`).test(body);
  return [
    ...lost.map((at) => `${name}[${at}] is not in the header`),
    ...(computed && !entries.some(({ open }) => open)
      ? [`${name} is read by a computed index, but the header has no ${name}[n..]`]
      : []),
  ];
}

test('every script has its header', () => {
  expect(badHeaders(sources(['src', 'workers'], /\.lua$/))).toEqual([]);
});

const good = `-- Takes a place.
--   KEYS[1] lane   hash of the lane
--   ARGV[1] nowUs  the server's time
--   ARGV[2..] index  one per candidate
-- Returns the number taken.
local n = tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], n) end
return n`;

test('planted: a full header passes', () => {
  expect(badHeaders([source('src/lanes/lua/take.lua', good)])).toEqual([]);
  expect(badHeaders([source('src/lanes/lua/take.lua', `#!lua flags=allow-oom\n${good}`)])).toEqual([]);
  expect(
    badHeaders([source('src/lanes/lua/_time.lua', '-- include: now() in microseconds\nlocal x = 1')]),
  ).toEqual([]);
});

test.each([
  ['a key that is not named', good.replace(/--.*KEYS.*\n/, '')],
  ['an argument that is not named', good.replace(/--.*ARGV\[1\].*\n/, '')],
  ['a computed index without a range', good.replace('ARGV[2..]', 'ARGV[2]')],
  ['no word on the reply', good.replace(/-- Returns.*\n/, '')],
  ['no header at all', good.replace(/^--.*\n/gm, '')],
])('planted: %s is seen', (_what, text) => {
  expect(badHeaders([source('src/lanes/lua/take.lua', text)])).not.toEqual([]);
});

test('planted: an include that does not say so is seen', () => {
  expect(badHeaders([source('src/lanes/lua/_time.lua', 'local x = 1')])).not.toEqual([]);
});
