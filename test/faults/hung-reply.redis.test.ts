// The connection to Redis stays open and says nothing more: a script has run, its reply never comes, nor does any other on that connection.
// What could be repeated is, what was started and not called is unknown, and the service goes on by itself.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { openRedisProxy, type RedisProxy } from '../support/redis-proxy.ts';
import { allScripts } from '../support/scripts.ts';
import { redisUrl } from '../support/services.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 300;
const PER_SECOND = 1_000;
/** A take reaches this far ahead, and a lane that has rested may catch up as much again. */
const AHEAD_S = 0.05 + 0.05;
/** The command's timeout, the lease and upkeep's grace, with room for a busy machine. */
const BACK_WITHIN_MS = 25_000;
let proxy: RedisProxy;
let stage: Stage;

beforeAll(async () => {
  proxy = await openRedisProxy(redisUrl());
  stage = await openStage({ redisUrl: proxy.url, senders: [{ id: 's1', throughput: PER_SECOND }] });
});
afterAll(async () => {
  await stage?.close();
  await proxy?.close();
});

test.each(['settle', 'take'])(
  'a connection that falls silent in the place of the reply of %s',
  async (name) => {
    const { api, program } = await stage.serve(['start']);
    const script = allScripts().find((one) => one.name === name);
    proxy.lose(script?.sha ?? '', 'hang');
    const first = name === 'take' ? 3_000_000 : 4_000_000;
    const { id } = await api.send(bulk(RECIPIENTS, {}, first));
    await until(() => proxy.lost(), { what: `a call of ${name}` });
    const job = await api.completed(id, BACK_WITHIN_MS);
    const items = await api.items(id);
    expectAgreement(job, items, await stage.platform.arrivals());
    // A take on the same connection is mute with it: its grants are gone, and stay unknown.
    expect(job.counts.unknown).toBeLessThanOrEqual(PER_SECOND * AHEAD_S + 1);
    program.kill('SIGTERM');
    await program.end();
  },
);
