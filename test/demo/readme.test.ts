// What the README says about files and settings is so.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, sources } from '../rules/sources.ts';

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

function section(title: string): string {
  const body = readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0];
  if (body === undefined) throw new Error(`the README has no section "${title}"`);
  return body;
}

const isFolder = (name: string) =>
  statSync(path.join(root, name), { throwIfNoEntry: false })?.isDirectory() === true;

/** Folders that hold files, with every folder above them. */
function folders(): Set<string> {
  const files = sources(['.'], /./).map((file) => file.path);
  return new Set(
    files.flatMap((file) => {
      const parts = file.split('/').slice(0, -1);
      return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    }),
  );
}

const mapped = [...section('Map').matchAll(/^([\w./-]+)\/ {2,}\S/gm)].map((match) => match[1] ?? '');

test('every folder of the map is there', () => {
  expect(mapped.length).toBeGreaterThan(15);
  expect(mapped.filter((name) => !isFolder(name))).toEqual([]);
});

test('every top folder, and every room of src and workers, is in the map', () => {
  const rooms = [...folders()].filter(
    (name) => !name.includes('/') || /^(src|workers|sandbox)\/[^/]+$/.test(name),
  );
  expect(rooms.filter((name) => !mapped.includes(name) && name !== 'src')).toEqual([]);
});

test('the walk names at most 18 files, each once, each there and under 300 lines', () => {
  const files = [...section('The walk of one request').matchAll(/^\d+\. `([^`]+)`/gm)].map(
    (match) => match[1] ?? '',
  );
  expect(files.length).toBeGreaterThan(10);
  expect(files.length).toBeLessThanOrEqual(18);
  expect(new Set(files).size).toBe(files.length);
  for (const file of files)
    expect(readFileSync(path.join(root, file), 'utf8').split('\n').length, file).toBeLessThan(300);
});

test('every setting the service reads is in the table', () => {
  const config = readFileSync(path.join(root, 'src/base/config.ts'), 'utf8');
  const read = [...config.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map((match) => match[1] ?? '');
  expect(read.length).toBeGreaterThan(8);
  expect(read.filter((name) => !section('Environment').includes(`\`${name}\``))).toEqual([]);
});

test('every npm command it names exists', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const named = [...readme.matchAll(/npm run (?:-s )?(\w+)/g)].map((match) => match[1] ?? '');
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('the demo brings 1,000 recipients, no number twice', () => {
  const file = readdirSync(path.join(root, 'src/cli')).find((name) => name.endsWith('.csv'));
  const rows = readFileSync(path.join(root, 'src/cli', file ?? ''), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1);
  expect(rows).toHaveLength(1_000);
  expect(new Set(rows.map((row) => row.split(',')[0])).size).toBe(1_000);
});
