// Where a try died with some of its records in the log, the next must make the same ones, whatever is known of templates by then.
import { expect, test } from 'vitest';
import type { TemplateChecks } from '../../src/accept/known-templates.ts';
import { Failure } from '../../src/base/failure.ts';
import { bodyOf, chunksOf, failureOf, openStation, request } from './station.ts';

test('a try that goes on finds the same faults of templates', async () => {
  let wants = ['1', '2'];
  const catalog = () => ({
    fetchedMs: Date.now(),
    template: () => ({ id: '1', name: 'n', language: 'l', category: '', status: '', variables: wants }),
  });
  const catalogs: TemplateChecks['catalogs'] = { known: catalog, newer: async () => undefined };
  let broken = true;
  const station = openStation({
    catalogs,
    // The records are in, and nobody hears of it.
    wrap: (log) => ({
      append: async (topic, entries) => {
        const appended = await log.append(topic, entries);
        if (broken) throw new Failure({ code: 'unavailable', message: 'silent', repeat: 'unsafe' });
        return appended;
      },
    }),
  });
  const s1 = station.senders.get('s1');
  if (s1) station.senders.set('s1', { ...s1, account_id: 'waba' });
  const body = bodyOf(3);
  (body.messages as { variables: string[] }[])[1]?.variables.pop();
  expect((await failureOf(station.accept.bulk(request(body, 'k')))).code).toBe('unavailable');
  broken = false;
  wants = ['1'];
  const reply = await station.accept.bulk(request(body, 'k'));
  expect(reply.rejected.map(({ index }) => index)).toEqual([1]);
  expect(new Set(chunksOf(await station.records()).map(({ sha256 }) => sha256)).size).toBe(1);
  await station.redis.close();
});
