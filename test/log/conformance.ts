// What the port of the log promises, as tests that every adapter passes on its real service.
import { expect, test } from 'vitest';
import { Failure, refused, unavailable } from '../../src/base/failure.ts';
import { createDeadLetters } from '../../src/log/dead-letters.ts';
import type { DeliveredEntry, Log } from '../../src/log/port.ts';
import { freshNamespace } from '../support/services.ts';
import { until } from '../support/until.ts';
import { collect, entry, freshLog, numbered } from './collect.ts';
import { startFollower } from './follower-process.ts';
import { type LogKind, openLog } from './open.ts';

/** Longer than it takes either adapter to notice a death (10 s). */
const PAST_ANY_SESSION_MS = 12_500;
const DEATH_NOTICED_MS = 30_000;

const monotonicAfter = (ms: number) => {
  const endsAt = performance.now() + ms;
  return until(() => performance.now() > endsAt, { timeoutMs: ms + 5_000, what: `${ms} ms gone by` });
};

export function conformance(kind: LogKind): void {
  describesDelivery(kind);
  describesCommits(kind);
  describesCrashes(kind);
  describesFailures(kind);
  describesLimits(kind);
  describesDead(kind);
}

function describesDelivery(kind: LogKind): void {
  test.concurrent('entries come with key, headers and value, those of one key in their order', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const keys = ['job-a', 'job-b', 'job-c'];
    for (const at of numbered(20)) {
      await log.append(
        'jobs',
        keys.map((key) => entry(key, `${key} ${at} €`, { at, type: 'chunk' })),
      );
    }
    const { seen } = await collect(log, 'g');
    await until(() => seen.length === 60, { what: '60 entries' });
    for (const key of keys) {
      const own = seen.filter((one) => one.key === key);
      expect(own.map(({ value }) => value)).toEqual(numbered(20).map((at) => `${key} ${at} €`));
      expect(own.map(({ headers }) => headers)).toEqual(numbered(20).map((at) => ({ at, type: 'chunk' })));
    }
    expect(seen.every(({ topic, position }) => topic === 'jobs' && /^\d+:[\d-]+$/.test(position))).toBe(true);
    expect(new Set(seen.map(({ position }) => position)).size).toBe(60);
  });

  test.concurrent('every group gets every entry, also those from before it came', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append('jobs', [entry('k', '0')]);
    const first = await collect(log, 'first');
    const second = await collect(log, 'second');
    await log.append('jobs', [entry('k', '1')]);
    await until(() => first.seen.length === 2 && second.seen.length === 2, { what: 'both entries, twice' });
    expect([first.values(), second.values()]).toEqual([numbered(2), numbered(2)]);
  });

  test.concurrent('prepare may be repeated, and by many at once', async (ending) => {
    const namespace = freshNamespace();
    const logs = numbered(3).map(() => openLog(kind, namespace));
    ending.onTestFinished(() => Promise.all(logs.map((log) => log.close())).then(() => {}));
    await Promise.all(logs.map((log) => log.prepare()));
    await Promise.all(logs.map((log) => log.prepare()));
    await logs[0]?.append('jobs', [entry('k', 'v')]);
    expect(await logs[1]?.ping()).toBe(true);
  });

  test.concurrent('progress counts what was finished, and lives on while nothing comes', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append('jobs', [entry('k', '0'), entry('k', '1')]);
    const { follower, seen } = await collect(log, 'g');
    await until(() => follower.progress().handled === 2, { what: 'two entries' });
    const before = follower.progress().lastAliveUs;
    await until(() => follower.progress().lastAliveUs > before, { what: 'a sign of life' });
    expect(seen).toHaveLength(2);
  });
}

function describesCommits(kind: LogKind): void {
  test.concurrent('a stopped group goes on where it stopped', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append(
      'jobs',
      numbered(10, 'old-').map((value) => entry(value, value)),
    );
    const before = await collect(log, 'g');
    await until(() => before.seen.length === 10, { what: 'the old entries' });
    await before.follower.stop();
    await log.append(
      'jobs',
      numbered(10, 'new-').map((value) => entry(value, value)),
    );
    const after = await collect(log, 'g');
    await until(() => after.seen.length >= 10, { what: 'the new entries' });
    expect(after.values().toSorted()).toEqual(numbered(10, 'new-'));
    expect(before.seen).toHaveLength(10);
  });

  test.concurrent('a stop finishes the entry at work and gives the rest to others', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append(
      'jobs',
      numbered(8).map((value) => entry('k', value)),
    );
    const atWork = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    ending.onTestFinished(() => release.resolve());
    const handle = async () => {
      atWork.resolve();
      await release.promise;
    };
    const first = await collect(log, 'g', { handle });
    await atWork.promise;
    const stopped = first.follower.stop();
    release.resolve();
    await stopped;
    expect(first.values()).toEqual(['0']);
    const second = await collect(log, 'g');
    await until(() => second.seen.length >= 7, { what: 'the rest' });
    expect(second.values()).toEqual(numbered(8).slice(1));
  });

  test.concurrent('a stop does not wait for an outage to end, and loses nothing', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append('jobs', [entry('k', '0')]);
    let tries = 0;
    const handle = async () => {
      tries += 1;
      throw unavailable('away');
    };
    const first = await collect(log, 'g', { handle });
    await until(() => tries > 2, { what: 'some tries' });
    await first.follower.stop();
    const second = await collect(log, 'g');
    await until(() => second.seen.length === 1, { what: 'the entry' });
    expect(first.seen).toEqual([]);
  });
}

function describesCrashes(kind: LogKind): void {
  test.concurrent('what a killed follower held comes again to another', async (ending) => {
    const { log, namespace } = await freshLog(kind, ending);
    await log.append(
      'jobs',
      numbered(5).map((value) => entry('k', value)),
    );
    const victim = startFollower({ kind, namespace, group: 'g', manner: 'hang' });
    ending.onTestFinished(() => victim.kill());
    await until(() => victim.took.length > 0, { what: 'the victim at work' });
    const heir = await collect(log, 'g');
    await victim.kill();
    await until(() => heir.seen.length >= 5, { timeoutMs: DEATH_NOTICED_MS, what: 'all entries' });
    expect(heir.values()).toEqual(numbered(5));
    expect(victim.did).toEqual([]);
  });

  test.concurrent('two followers share the work, and the death of one loses nothing', async (ending) => {
    const { log, namespace } = await freshLog(kind, ending);
    const victim = startFollower({ kind, namespace, group: 'g', manner: 'work' });
    ending.onTestFinished(() => victim.kill());
    const survivor = await collect(log, 'g');
    let sent = 0;
    const send = async () => {
      await log.append(
        'jobs',
        numbered(24).map((at) => entry(`key-${at}`, String(sent++))),
      );
    };
    const both = async () => {
      await send();
      return victim.did.length > 20 && survivor.seen.length > 20;
    };
    await until(both, { timeoutMs: DEATH_NOTICED_MS, what: 'both at work' });
    await send();
    await victim.kill();
    await send();
    const done = () => new Set([...victim.did, ...survivor.values()]).size === sent;
    await until(done, { timeoutMs: DEATH_NOTICED_MS, what: 'every entry done by one of them' });
  });

  test.concurrent('who works long on an entry is not robbed of it', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const atWork = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    ending.onTestFinished(() => release.resolve());
    const handle = async () => {
      atWork.resolve();
      await release.promise;
    };
    await log.append('jobs', [entry('k', '0'), entry('k', '1')]);
    const slow = await collect(log, 'g', { handle });
    await atWork.promise;
    const idle = await collect(log, 'g');
    // Kafka waits for the entry at work before it shares out the partitions anew; that must not be a way to lose it.
    await monotonicAfter(PAST_ANY_SESSION_MS);
    expect(idle.seen).toEqual([]);
    release.resolve();
    await until(() => slow.seen.length + idle.seen.length === 2, { what: 'both entries, once' });
    expect(slow.values()[0]).toBe('0');
  });

  test.concurrent('an outage longer than a session: tried again, nothing parked, nothing passed on', async (ending) => {
    const { log } = await freshLog(kind, ending);
    let away = true;
    let tries = 0;
    const handle = async () => {
      tries += 1;
      if (away) throw unavailable('Redis does not answer');
    };
    const onParked = async () => {
      throw new Error('nothing may be parked');
    };
    const follower = await collect(log, 'g', { handle, onParked });
    await log.append(
      'jobs',
      numbered(3).map((value) => entry('k', value)),
    );
    await monotonicAfter(PAST_ANY_SESSION_MS);
    expect(follower.seen).toEqual([]);
    expect(tries).toBeGreaterThan(5);
    away = false;
    await until(() => follower.seen.length >= 3, { what: 'the entries' });
    expect(follower.values()).toEqual(numbered(3));
    expect(await firstOfDead(log)).toBe('marker');
  });
}

/** The value that `dead` begins with, after a marker was put there. */
async function firstOfDead(log: Log): Promise<string | undefined> {
  await log.append('dead', [entry('marker', 'marker')]);
  const dead = await collect(log, 'audit', { topic: 'dead' });
  await until(() => dead.seen.length > 0, { what: 'the marker' });
  return dead.values()[0];
}

function describesFailures(kind: LogKind): void {
  test.concurrent('what fails is tried again, in its place', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const failures = [unavailable('away'), new Error('a bug'), new TypeError('another')];
    const tried: string[] = [];
    const handle = async ({ value }: DeliveredEntry) => {
      tried.push(value);
      const failure = failures.shift();
      if (failure) throw failure;
    };
    await log.append(
      'jobs',
      numbered(3).map((value) => entry('k', value)),
    );
    const { values, seen } = await collect(log, 'g', { handle });
    await until(() => seen.length === 3, { what: 'all entries' });
    expect(values()).toEqual(numbered(3));
    expect(tried).toEqual(['0', '0', '0', '0', '1', '2']);
    expect(await firstOfDead(log)).toBe('marker');
  });

  test.concurrent('what can never be read is reported, parked, and passed', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const handle = async ({ value }: DeliveredEntry) => {
      if (value === 'broken') throw refused('internal', 'the record breaks its schema');
    };
    const reports: [string, string][] = [];
    let deaf = 2;
    const onParked = async ({ value }: DeliveredEntry, reason: string) => {
      if (deaf-- > 0) throw unavailable('away');
      reports.push([value, reason]);
    };
    await log.append('jobs', [entry('k', '0'), entry('k', 'broken', { type: 'chunk' }), entry('k', '1')]);
    const { seen, values } = await collect(log, 'g', { handle, onParked });
    await until(() => seen.length === 2, { what: 'the readable entries' });
    expect(values()).toEqual(['0', '1']);
    expect(reports).toEqual([['broken', 'the record breaks its schema']]);
    const dead = await collect(log, 'audit', { topic: 'dead' });
    await until(() => dead.seen.length > 0, { what: 'the parked entry' });
    expect(dead.seen).toHaveLength(1);
    expect(dead.seen[0]).toMatchObject({ topic: 'dead', key: 'k', value: 'broken' });
    const { from, position, reason, headers } = dead.seen[0]?.headers ?? {};
    expect([from, reason, headers]).toEqual(['jobs', 'the record breaks its schema', '{"type":"chunk"}']);
    expect(position).toMatch(/^\d+:[\d-]+$/);
  });
}

function describesLimits(kind: LogKind): void {
  test.concurrent('twenty entries of 200 KB go at once', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const big = numbered(20).map((at) => `${at} ${'x'.repeat(200 * 1024)}`);
    await log.append(
      'jobs',
      big.map((value) => entry('k', value)),
    );
    const { seen, values } = await collect(log, 'g');
    await until(() => seen.length === 20, { what: 'twenty entries' });
    expect(values().map((value) => value.length)).toEqual(big.map((value) => value.length));
    expect(values()).toEqual(big);
  });

  test.concurrent('an entry over 256 KB is refused for good, with all that came with it', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const tooBig = entry('k', 'x'.repeat(256 * 1024 + 1));
    const refusal = await log.append('jobs', [entry('k', '0'), tooBig]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Failure);
    expect(refusal).toMatchObject({ repeat: 'never', code: 'payload_too_large' });
    await log.append('jobs', [entry('k', 'x'.repeat(256 * 1024))]);
    const { seen } = await collect(log, 'g');
    await until(() => seen.length > 0, { what: 'the largest entry' });
    expect(seen[0]?.value).toHaveLength(256 * 1024);
  });

  test.concurrent('nothing is appended to an empty list, or without a key', async (ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append('jobs', []);
    await expect(log.append('jobs', [entry('', 'v')])).rejects.toMatchObject({ repeat: 'never' });
  });
}

function describesDead(kind: LogKind): void {
  test.concurrent('what nobody could read is read page by page, the newest first, and goes back when asked to', async (ending) => {
    const { log } = await freshLog(kind, ending);
    const letters = createDeadLetters(log);
    const empty = async () => (await letters.list({ limit: 10 }).catch(() => undefined))?.length === 0;
    await until(empty, { what: 'there is none' });
    const handle = async (one: DeliveredEntry) => {
      if (one.headers.broken) throw refused('unprocessable', 'the record is not JSON');
    };
    const { follower } = await collect(log, 'g', { handle });
    for (const at of numbered(5)) await log.append('jobs', [entry('k', `bad ${at}`, { broken: at })]);
    await until(() => follower.progress().handled === 5, { what: 'all are parked' });
    const all = await letters.list({ limit: 10 });
    expect(all.map(({ headers }) => headers.broken)).toEqual(['4', '3', '2', '1', '0']);
    expect(all[0]).toMatchObject({
      topic: 'jobs',
      key: 'k',
      reason: 'the record is not JSON',
      replayable: true,
    });
    expect(await letters.list({ limit: 2, before: all[1]?.position })).toEqual(all.slice(2, 4));
    const oldest = all[4]?.position ?? '';
    expect(await letters.show(oldest)).toMatchObject({ position: oldest, value: 'bad 0' });
    expect([await letters.show('0:999999'), await letters.show('x'), await letters.replay('1:1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect((await letters.replay(oldest))?.position).toBe(oldest);
    await until(() => follower.progress().handled === 6, { what: 'it is tried again' });
  });
}
