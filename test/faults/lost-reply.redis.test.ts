// One reply of each script is swallowed: the script has run, its caller does not know. ioredis by itself would send it again, and m10 shows
// what that does to a counter; here every script must be such that being run again changes nothing. The scripts are found by looking into
// the tree, so a new one is tested by the plain job or asks for a step of its own below.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis, type Redis } from '../../src/base/redis.ts';
import { holdersKey, laneKeys, lanesKey } from '../../src/lanes/keys.ts';
import { jobRowKey, unsealedKey } from '../../src/ledger/keys.ts';
import { seatKey } from '../../src/memory/keys.ts';
import { holdsKey, windowKey } from '../../src/pacing/keys.ts';
import { expectAgreement } from '../support/both-ends.ts';
import { API_KEY, bulk } from '../support/client.ts';
import { memorySteps } from '../support/memory-steps.ts';
import { openRedisProxy, type RedisProxy } from '../support/redis-proxy.ts';
import { allScripts } from '../support/scripts.ts';
import { redisUrl } from '../support/services.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { type ApiProgram, numberOf, openStage, type Stage } from '../support/stage.ts';
import { appendUnreadable } from '../support/unreadable.ts';
import { until } from '../support/until.ts';

const RECIPIENTS = 60;
/** Fewer calls at a time than a job has recipients. */
const DISPATCH_CALLS = '50';
const FAST = { id: 's1', throughput: 1_000 };
const OPTED_OUT = '+16509900001';
/** One a second: what is left of a job after its second expires. */
const SLOW = { id: 's2', throughput: 1 };

let proxy: RedisProxy;
let sink: Sink;
let redis: Redis;
let stage: Stage;
let service: ApiProgram;
let first = 2_000_000;
let wanted = 9_910_000;

beforeAll(async () => {
  proxy = await openRedisProxy(redisUrl());
  sink = await openSink([]);
  redis = createRedis(redisUrl(), systemClock);
  stage = await openStage({
    redisUrl: proxy.url,
    senders: [FAST, SLOW],
    webhooks: [{ url: sink.url, events: ['*'], secret: 'whsec_c2luaw==', allow_private: true }],
    env: { RESEND_AFTER: '1s', DISPATCH_CALLS },
    plan: { per_day: 1_000_000 },
  });
  service = await stage.serve(['start']);
  await listed('POST', OPTED_OUT);
});
afterAll(async () => {
  await stage?.close();
  await redis?.close();
  await proxy?.close();
  await sink?.close();
});

const minuteOf = (fromNow: number): string =>
  new Date(Date.now() + fromNow * 60_000).toISOString().slice(11, 16);
const soon = (): string => new Date(Date.now() + 1_000).toISOString();
/** Quiet for a minute in an hour or, where a zone's offset is no whole hour, perhaps at another time: not now. */
const inAnHour = (time_zone: string) => ({
  quiet_hours: { from: minuteOf(57), to: minuteOf(58), time_zone },
});

/** A job that is paused for a moment. */
async function paused(): Promise<void> {
  first += RECIPIENTS;
  const { id } = await service.api.send(bulk(20, { send_at: soon() }, first));
  for (const action of ['pause', 'resume'])
    await until(async () => (await service.api.act(id, action)).status === 200, { what: action });
  expect((await service.api.completed(id)).counts.accepted).toBe(20);
}

/** The platform tells by webhook while `what` goes on, and is silent again. */
async function told(what: () => Promise<void>): Promise<void> {
  await stage.webhook('s1', service.url, { delay_ms: 0, batch_ms: 0, read: 0 });
  await what();
  await stage.platform.number(numberOf('s1'), { webhook: null });
}

/** A sender's account has changed. */
async function changed(): Promise<void> {
  for (const throughput of [FAST.throughput - 1, FAST.throughput]) {
    // The connection that goes with the reply may have carried this as well: then it is 503, and asked again.
    const patched = () =>
      service.api.patch('/v1/senders/s1', { throughput }).then(
        () => true,
        () => false,
      );
    await until(patched, { what: 'the sender is changed' });
  }
}

/** Puts somebody on the list of those who want no more messages, or takes them off it. */
async function listed(method: 'POST' | 'DELETE', to: string): Promise<void> {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ to });
  const answered = async () => {
    const { status } = await fetch(`${service.url}/v1/suppressions`, { method, headers, body });
    return status === 200 || undefined;
  };
  await until(answered, { what: `${method} of a suppression` });
}

/** A job of which one wants nothing. */
async function unwanted(): Promise<void> {
  wanted += 10;
  const messages = [OPTED_OUT, `+1650${wanted}`].map((to) => ({ to, variables: ['a', 'b'] }));
  const { id } = await service.api.send(bulk(0, { messages }));
  const { counts } = await service.api.completed(id);
  expect(counts).toMatchObject({ suppressed: 1, accepted: 1 });
}

/** A campaign that each person gets once, and of which one message is refused. */
async function once(): Promise<void> {
  wanted += 10;
  await stage.platform.fault({ kind: 'error', code: 131026, count: 1 });
  const { id } = await service.api.send(bulk(3, { unique_within: '1h' }, wanted));
  expect((await service.api.completed(id)).counts).toMatchObject({ accepted: 2, failed: 1, suppressed: 0 });
}
/** A job that comes as a stream; of a strict one with a bad line nothing is kept. */
async function uploaded(body: string, query: string, status: number): Promise<void> {
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'text/csv',
    'idempotency-key': randomUUID(),
  };
  const path = `/v1/jobs?sender=s1&text.body=Hi${query}`;
  const answered = async () => {
    const answer = await fetch(`${service.url}${path}`, { method: 'POST', headers, body });
    return answer.status === status || undefined;
  };
  await until(answered, { what: `an upload is answered with ${status}` });
}
/** Each to people of its own: the same person twice is what this test looks for. */
let uploads = 8_400_000;
const uploadedWhole = () => {
  uploads += 10;
  return uploaded(`to\n+1650${uploads}\n+1650${uploads + 1}\n`, '', 202);
};

/** Contacts come in as a job. */
async function contact(): Promise<string> {
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
  };
  const body = JSON.stringify({ sender: 's1', contacts: [{ number: OPTED_OUT, tags: ['one'] }] });
  const taken = await until(
    async () => {
      const answer = await fetch(`${service.url}/v1/contacts/bulk`, { method: 'POST', headers, body });
      return answer.status === 202 ? ((await answer.json()) as { job: { id: string } }) : undefined;
    },
    { what: 'the contacts are accepted' },
  );
  expect((await service.api.completed(taken.job.id)).counts.accepted).toBe(1);
  return taken.job.id;
}

/** The contact is forgotten, and goes out of the job that told of it. */
async function forgotten(): Promise<void> {
  const id = await contact();
  const { data } = await service.api.get<{ data: { id: string }[] }>('/v1/contacts?tag=one');
  const headers = { authorization: `Bearer ${API_KEY}` };
  const gone = async () =>
    (await fetch(`${service.url}/v1/contacts/${data[0]?.id}`, { method: 'DELETE', headers })).status === 204;
  await until(gone, { what: 'the contact is forgotten' });
  const row = jobRowKey(stage.namespace, 's:s1', id);
  await until(async () => (await redis.client.hget(row, 'erased')) === '1', { what: 'it is out of the job' });
}

/** What makes the service run those scripts that a plain job does not need. */
const steps: Record<string, () => Promise<void>> = {
  revive: async () => {
    // A lane whose ticket was lost: it stands in the due-by set, and its time has passed.
    await redis.client.zadd(lanesKey(stage.namespace, 's:s2'), 1, 's2');
  },
  abandon: async () => {
    // A process that held lanes and lives no more, and a lane that has a turn until later.
    await redis.client.zadd(lanesKey(stage.namespace, 's:s2'), (Date.now() + 3_000) * 1_000, 's2');
    await redis.client.sadd(holdersKey(stage.namespace), 'gone');
  },
  sit: async () => {
    // Nobody has verified the home on this server.
    await redis.client.del(seatKey(stage.namespace, 's:s1'));
  },
  // A turn begins with what its opening showed; what comes due later is looked for.
  peek: async () => {
    first += RECIPIENTS;
    await service.api.completed((await service.api.send(bulk(5, { spread: '1s' }, first))).id);
  },
  park: async () => {
    // The last of a job wait for calls that are slow to end.
    await stage.platform.number(numberOf('s1'), { latency_ms: 2_500 });
    const { id } = await service.api.send(bulk(RECIPIENTS, {}, 8_700_000));
    await until(() => proxy.lost(), { what: 'the lane is parked' });
    await stage.platform.number(numberOf('s1'), { latency_ms: 0 });
    await service.api.completed(id);
  },
  'drop-run': async () => {
    // A started run past its deadline whose job is gone.
    await redis.client.zadd(laneKeys(stage.namespace, { home: 's:s1', sender: 's1' }).fly, 1, 'gone:0:0:1');
  },
  'drop-cursor': async () => {
    // A job that waits in its lane and has died.
    const keys = laneKeys(stage.namespace, { home: 's:s1', sender: 's1' });
    await redis.client.hset(keys.cursors, 'gone', '0 5');
    await redis.client.rpush(keys.queues[2], 'gone');
  },
  'next-control': () => paused(),
  control: () => paused(),
  'cancel-rows': async () => {
    const { id } = await service.api.send(bulk(5, { send_at: soon() }, 8_600_000));
    await until(async () => (await service.api.act(id, 'cancel')).status === 200, { what: 'it is canceled' });
    const over = async () => (await service.api.job(id)).status === 'canceled';
    await until(over, { what: 'the job is canceled' });
    expect((await service.api.job(id)).counts.canceled).toBe(5);
  },
  'tell-span': async () => {
    // A job whose span was told long ago.
    const { id } = await service.api.send(bulk(2, { ...inAnHour('Etc/UTC'), send_at: soon() }, 8_000_000));
    const { cursors } = laneKeys(stage.namespace, { home: 's:s1', sender: 's1' });
    const text = await until(() => redis.client.hget(cursors, id), { what: 'the job is in its lane' });
    const fields = text.split(' ');
    fields[6] = '1';
    await redis.client.hset(cursors, id, fields.join(' '));
    await service.api.completed(id);
  },
  'request-back': async () => {
    // A replay costs no request.
    const key = randomUUID();
    for (let i = 0; i < 2; i += 1) await service.api.send(bulk(1, {}, 8_450_000), key);
  },
  'skip-rows': async () => {
    // The last rows are in another zone than the first.
    const messages = ['+4915112345001', '+819012340001', '+819012340002'].map((to) => ({
      to,
      variables: ['a', 'b'],
    }));
    const { id } = await service.api.send(bulk(0, { ...inAnHour('recipient'), messages }));
    await service.api.completed(id);
  },
  postpone: async () => {
    // An item that waits alone while it is quiet.
    const quiet_hours = { ...inAnHour('Etc/UTC').quiet_hours, from: minuteOf(-30) };
    const { id } = await service.api.send(bulk(1, { quiet_hours, expires_after: '1m' }, 8_500_000));
    const { cursors, later } = laneKeys(stage.namespace, { home: 's:s1', sender: 's1' });
    await until(() => redis.client.hget(cursors, id), { what: 'the job is in its lane' });
    await redis.client.zadd(later, 1, `${id}:0`);
  },
  wake: () => changed(),
  'probe-holds': () => changed(),
  'read-use': async () => {
    // A job that waits is asked when it will have gone.
    const { id } = await service.api.send(bulk(10, { sender: 's2' }, 8_900_000));
    await until(async () => (await service.api.job(id)).status === 'sending', {
      what: 'the job is on its way',
    });
    await until(() => proxy.lost(), { what: 'its forecast was asked for' });
    await until(async () => (await service.api.act(id, 'cancel')).status === 200, { what: 'it is canceled' });
  },
  'replay-events': async () => {
    // What was told a moment ago is told again.
    const { data } = await service.api.get<{ data: { id: string }[] }>('/v1/webhooks');
    const from = new Date(Date.now() - 10_000).toISOString();
    await until(
      async () => (await service.api.postTo(`/v1/webhooks/${data[0]?.id}/replay`, { from })).status === 202,
      {
        what: 'the events of ten seconds go again',
      },
    );
  },
  merge: () =>
    told(async () => {
      const { id } = await service.api.send(bulk(2, {}, 8_750_000));
      const delivered = async () => (await service.api.job(id)).counts.delivered === 2;
      await until(delivered, { what: 'both are delivered' });
    }),
  heard: () =>
    told(async () => {
      await stage.platform.inbound(numberOf('s1'), '16505551234');
      const key = windowKey(stage.namespace, 's:s1', 's1');
      await until(() => redis.client.exists(key), { what: 'the window is open' });
    }),
  'say-hold': () =>
    told(async () => {
      const names = { message_template_name: 'offer', message_template_language: 'en_US' };
      await stage.platform.change(numberOf('s1'), 'message_template_status_update', {
        event: 'PAUSED',
        ...names,
      });
      await until(() => redis.client.exists(holdsKey(stage.namespace, 's:s1')), {
        what: 'the template is held',
      });
    }),
  resend: async () => {
    await stage.platform.fault({ kind: 'drop_before', count: 1 });
    const { id } = await service.api.send(bulk(2, { on_unknown: 'resend' }, 8_800_000));
    const accepted = async () => (await service.api.job(id)).counts.accepted === 2;
    await until(accepted, { what: 'the unknown item went once more', timeoutMs: 30_000 });
  },
  retry: async () => {
    await stage.platform.fault({ kind: 'error', code: 131026, count: 1 });
    const { id } = await service.api.send(bulk(2, {}, 8_650_000));
    await service.api.completed(id);
    await until(async () => (await service.api.act(id, 'retry')).status === 200, {
      what: 'it is tried again',
    });
    const accepted = async () => (await service.api.job(id)).counts.accepted === 2;
    await until(accepted, { what: 'the failed item went once more', timeoutMs: 30_000 });
  },
  'opt-out': () => listed('POST', '+16509900003'),
  'opt-in': () => listed('DELETE', '+16509900003'),
  'look-up': () => unwanted(),
  suppress: () => unwanted(),
  'put-contact': async () => void (await contact()),
  erase: forgotten,
  'claim-recent': () => once(),
  'release-recent': () => once(),
  'begin-upload': uploadedWhole,
  'note-upload': uploadedWhole,
  'seal-upload': uploadedWhole,
  'end-upload': () => uploaded('to\n+16508400003\nnobody\n', '&validation=strict', 400),
  'drop-unsealed': async () => {
    // A chunk of a job whose seal never came.
    await redis.client.hset(jobRowKey(stage.namespace, 's:s1', 'job_gone'), 'at:f', 1, 'q:f', 1);
    await redis.client.zadd(unsealedKey(stage.namespace), 1, 'job_gone s:s1 f');
  },
  release: async () => {
    const answer = await service.api.post(bulk(1, { messages: [{ to: 'nobody' }] }));
    expect([422, 503]).toContain(answer.status);
  },
  expire: async () => {
    const { id } = await service.api.send(bulk(4, { sender: 's2', expires_after: '1s' }, 9_000_000));
    const expired = async () => (await service.api.job(id)).counts.expired > 0;
    await until(expired, { what: 'the rest of the job expires' });
  },
  'fail-chunk': async () => {
    const id = await appendUnreadable(redis, stage.namespace, { home: 's:s1', sender: 's1', rows: 3 });
    const row = jobRowKey(stage.namespace, 's:s1', id);
    const ended = async () => (await redis.client.hget(row, 'state')) === 'completed';
    await until(ended, { what: 'the job of unreadable rows ends' });
    expect(await redis.client.hget(row, 'n:f')).toBe('3');
  },
  commit: async () => {
    await stage.accounts([{ ...FAST, throughput: FAST.throughput - 1 }, SLOW]);
    service.program.kill('SIGHUP');
  },
  ...memorySteps(() => ({ url: proxy.url, stage, service })),
  join: async () => {
    await stage.start(['worker', 'intake']);
  },
  leave: async () => {
    const worker = await stage.start(['worker', 'intake']);
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  },
};

test.each(allScripts().map(({ name, sha }) => [name, sha] as const))('the reply of %s', async (name, sha) => {
  proxy.lose(sha);
  await steps[name]?.();
  first += RECIPIENTS;
  const { id } = await service.api.send(bulk(RECIPIENTS, {}, first), randomUUID());
  const job = await service.api.completed(id);
  await until(() => proxy.lost(), {
    what: `a call of ${name}: no step of this test makes the service run it`,
    timeoutMs: 5_000,
  });
  // A reply lost after the job had ended (fold, give-back, trim): the next job finds everything in order.
  first += RECIPIENTS;
  const next = await service.api.send(bulk(RECIPIENTS, {}, first), randomUUID());
  const nextJob = await service.api.completed(next.id);

  const arrivals = await stage.platform.arrivals();
  for (const one of [job, nextJob]) {
    expect(one.counts).toMatchObject({ total: RECIPIENTS, accepted: RECIPIENTS, failed: 0, unknown: 0 });
    expectAgreement(one, await service.api.items(one.id), arrivals);
  }
  expect(await stage.platform.ledger()).toMatchObject({ repeats: 0, violations: { total: 0 } });
});
