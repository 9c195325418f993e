// Imports only go down (design §5), and never in a circle.
import { expect, test } from 'vitest';
import { type Source, source, sources, target } from './sources.ts';

/** A room's floor: it may import rooms on lower floors, and itself. */
const floors: Record<string, number> = {
  'src/contract': 0,
  'src/client': 0,
  'src/base': 1,
  'src/setup': 1,
  'src/accounts': 2,
  'src/log': 2,
  'src/lanes': 2,
  'src/pacing': 2,
  'src/ledger': 2,
  'src/memory': 2,
  'src/platforms': 2,
  'src/subscribers': 2,
  'src/contacts': 2,
  'src/templates': 2,
  'src/media': 2,
  'src/accept': 3,
  'workers/intake': 3,
  'workers/dispatch': 3,
  'workers/receipts': 3,
  'workers/notify': 3,
  'workers/upkeep': 3,
  'workers/memory': 3,
  'workers/submit': 3,
  'src/api': 4,
  'src/dashboard': 4,
  'src/cli': 4,
  // The only wiring: it sees every room, and no room sees it.
  workers: 5,
};

/** Rooms that stand by themselves: nothing of ours goes in. */
const islands = ['src/setup', 'sandbox'];
/** Who may look at the sandbox: those who measure. The demo starts it as a program. */
const watchers = ['test', 'bench'];

function roomOf(file: string): string {
  const parts = file.split('/').slice(0, -1);
  return parts[0] === 'src' || parts[0] === 'workers' ? parts.slice(0, 2).join('/') : (parts[0] ?? '.');
}

function upward(files: Source[]): string[] {
  return files.flatMap((file) => {
    const from = roomOf(file.path);
    const led = file.imports
      .map((specifier) => target(file.path, specifier))
      .filter((to) => to !== undefined);
    return led.flatMap((to) => {
      const why = objection(from, roomOf(to));
      return why ? [`${file.path} → ${to}: ${why}`] : [];
    });
  });
}

function objection(from: string, to: string): string | undefined {
  if (from === to) return undefined;
  if (islands.includes(from)) return `${from} imports nothing of the rest`;
  if (watchers.includes(from)) return undefined;
  if (to === 'sandbox') return 'only tests and benchmarks look into the sandbox';
  if (from.startsWith('src/') && to.startsWith('workers')) return 'src never imports workers';
  const [own, other] = [floors[from], floors[to]];
  if (own === undefined) return `${from} is no room of design §5`;
  if (other === undefined) return `${to} is no room of design §5`;
  return other < own ? undefined : `floor ${own} may not import floor ${other}`;
}

function cycles(files: Source[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const specifier of known.get(path)?.imports ?? []) {
      const next = target(path, specifier);
      if (next !== undefined && known.has(next)) walk(next, [...trail, path]);
    }
    done.add(path);
  };
  for (const file of files) walk(file.path, []);
  return found;
}

const ours = sources(['src', 'workers', 'sandbox', 'bench', 'test']);

test('imports only go down', () => {
  expect(upward(ours.filter((file) => !file.path.startsWith('test/')))).toEqual([]);
});

test('every room is one of design §5', () => {
  const rooms = new Set(ours.map((file) => roomOf(file.path)).filter((room) => /^(src|workers)/.test(room)));
  expect([...rooms].filter((room) => floors[room] === undefined)).toEqual([]);
});

test('no import goes round in a circle', () => {
  expect(cycles(ours)).toEqual([]);
});

test.each([
  ['src/base/config.ts', `import { job } from '../ledger/port.ts';`],
  ['src/lanes/lane.ts', `import { permits } from '../pacing/permits.ts';`],
  ['src/accept/accept.ts', `import { step } from '../../workers/intake/step.ts';`],
  ['workers/intake/step.ts', `import { step } from '../dispatch/step.ts';`],
  ['workers/intake/step.ts', `import type { Wiring } from '../run.ts';`],
  ['src/setup/redis.ts', `import { clock } from '../base/clock.ts';`],
  ['sandbox/main.ts', `const { id } = await import('../src/contract/job.ts');`],
  ['src/cli/demo.ts', `export * from '../../sandbox/world.ts';`],
  ['src/common/strings.ts', `import '../contract/job.ts';`],
])('planted: %s may not say %s', (path, text) => {
  expect(upward([source(path, text)])).toHaveLength(1);
});

test('planted: going down and staying in the room is fine', () => {
  const text = `import { a } from '../base/a.ts';\nimport { b } from './b.ts';\n// import { c } from '../api/c.ts';`;
  expect(upward([source('src/lanes/lane.ts', text)])).toEqual([]);
});

test('planted: a circle of three is seen', () => {
  const link = (from: string, to: string) => source(`src/base/${from}.ts`, `import { x } from './${to}.ts';`);
  expect(cycles([link('a', 'b'), link('b', 'c'), link('c', 'a'), link('d', 'a')])).toHaveLength(1);
});
