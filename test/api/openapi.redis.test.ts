// The description of the API against the API: every route described, every example true, every committed file as it would be written.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { generatedFiles } from '../../src/api/openapi/files.ts';
import type { Answer, Media } from '../../src/api/openapi/operation.ts';
import { OPERATIONS } from '../../src/api/openapi/operations.ts';
import { redisUrl } from '../support/services.ts';
import { type Harness, startHarness } from './harness.ts';

let h: Harness;
beforeAll(async () => {
  h = await startHarness({ redisUrl: redisUrl() });
});
afterAll(() => h.stop());

test('every route has an operation, and every operation a route, with the same scope', () => {
  const routes = Object.fromEntries(h.routes.map(({ method, url, scope }) => [`${method} ${url}`, scope]));
  const described = Object.entries(OPERATIONS).map(([route, { scope }]) => [route, scope]);
  expect(routes).toEqual(Object.fromEntries(described));
});

const media = Object.entries(OPERATIONS).flatMap(([route, { body, answers }]) => [
  ...examplesOf(`${route} body`, body?.content ?? {}),
  ...Object.entries(answers).flatMap(([status, answer]: [string, Answer]) =>
    examplesOf(`${route} ${status}`, answer.content ?? {}),
  ),
]);

function examplesOf(where: string, content: Readonly<Record<string, Media>>): [string, z.ZodType, unknown][] {
  return Object.values(content).flatMap(({ schema, example }) =>
    example === undefined ? [] : [[where, schema, example] as [string, z.ZodType, unknown]],
  );
}

test.each(media)('the example of %s fits its schema', (where, schema, example) => {
  const parsed = schema.safeParse(example);
  expect(parsed.error?.issues ?? []).toEqual([]);
  // An answer's schema passes over what it does not know: then the example comes out shorter.
  if (!where.endsWith('body')) expect(parsed.data).toEqual(example);
});

test.each(Object.entries(generatedFiles()))('%s is what `npm run openapi` writes', (file, text) => {
  expect(readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8')).toBe(text);
});

test('/openapi.json serves the committed document', async () => {
  const answer = await fetch(`${h.url}/openapi.json`);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await answer.json()).toEqual(JSON.parse(generatedFiles()['openapi.json'] ?? ''));
});

test('/docs names every operation, loads nothing and runs nothing', async () => {
  const answer = await fetch(`${h.url}/docs`);
  const page = await answer.text();
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  for (const { id } of Object.values(OPERATIONS)) expect(page).toContain(`id="${id}"`);
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(/);
});
