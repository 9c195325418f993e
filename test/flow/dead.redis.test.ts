// A record that nobody can read, from the log to the command line and back: its job ends, it is listed and shown, and replaying it does no harm.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { startProgram } from '../support/program.ts';
import { redisUrl } from '../support/services.ts';
import { servedStage } from '../support/stage.ts';
import { appendUnreadable } from '../support/unreadable.ts';
import { until } from '../support/until.ts';

const ROWS = 3;
const ADMIN_KEY = 'admin-key-of-the-test';
const served = servedStage({ env: { SLUICE_ADMIN_KEY: ADMIN_KEY } });

test('sluice dead list, show and replay', async () => {
  const { stage, service } = served;
  const redis = createRedis(redisUrl(), systemClock);
  const id = await appendUnreadable(redis, stage.namespace, { home: 's:s1', sender: 's1', rows: ROWS });
  await redis.close();
  const sluice = async (...args: string[]) => {
    const env = { SLUICE_ADMIN_KEY: ADMIN_KEY, SLUICE_URL: service.url };
    const program = startProgram('src/cli/sluice.ts', ['dead', ...args], env);
    return { status: await program.ended, text: program.lines.join('\n'), lines: program.lines };
  };
  const listed = await until(
    async () => {
      const found = await sluice('list');
      return found.text.includes(id) ? found : undefined;
    },
    { what: 'it is listed' },
  );
  expect(listed.text).toContain('the record is not JSON');
  const position = /0:\d+-\d+/.exec(listed.text)?.[0] ?? '';
  expect((await sluice('show', position)).text).toContain('"value"');
  expect(await sluice('replay', position)).toMatchObject({ status: 0, text: `${position} is in jobs again` });
  const twice = async () => (await sluice('list')).text.split(id).length === 3;
  await until(twice, { what: 'it is put aside again' });
  expect((await sluice('show', '0:1-1')).status).toBe(2);
});

test('only with the admin key', async () => {
  const ask = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${served.service.url}/v1/admin/dead`, { headers })).status;
  };
  expect([await ask('x'), await ask(ADMIN_KEY)]).toEqual([401, 200]);
});
