// The project names no machine of ours and no package registry: it is installed from wherever a machine installs.
// And its lockfile fits every machine, not only the one that wrote it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, type Source, source, sources } from './sources.ts';

const places = [
  /https?:\/\/[\w.-]*(registry|maven|nexus|artifactory|mirror)[\w.-]*/gi,
  /(?<![\w.])\/(root|home\/\w+|Users\/\w+|var\/tmp|work)\/[\w.-]*/g,
];
// Where the files are pictures, data, or these patterns themselves.
const unread = /^(test\/rules\/|bench\/results\/|LICENSE)|\.(png|svg|ico|csv|gz)$/;

function namedPlaces(files: Source[]): string[] {
  return files.flatMap((file) =>
    places.flatMap((place) => [...file.text.matchAll(place)].map((match) => `${file.path}: ${match[0]}`)),
  );
}

interface Locked {
  optionalDependencies?: Record<string, string>;
}

/** npm ci refuses a lockfile without them, and a registry that lacks some makes npm leave them out. */
function missingPlatforms(packages: Record<string, Locked>): string[] {
  const have = new Set(Object.keys(packages).map((key) => key.split('node_modules/').at(-1)));
  return Object.entries(packages)
    .filter(([key]) => key !== '')
    .flatMap(([, { optionalDependencies }]) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !have.has(name));
}

test('no file names a machine or a registry', () => {
  const files = sources(['.'], /./).filter((file) => !unread.test(file.path));
  expect(namedPlaces(files)).toEqual([]);
});

test('the lockfile names the binaries of every platform', () => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  expect(missingPlatforms(lock.packages)).toEqual([]);
});

test.each([
  'resolved: https://registry.example.org/a.tgz',
  'see http://maven.example.org/x',
  'cache: /home/somebody/.m2',
  'path: /root/cache',
])('planted: %s', (text) => {
  expect(namedPlaces([source('README.md', text)])).toHaveLength(1);
});

test('planted: a platform left out of the lockfile is seen', () => {
  const packages = {
    'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-darwin': '1' } },
    'node_modules/a-linux': {},
  };
  expect(missingPlatforms(packages)).toEqual(['a-darwin']);
});
