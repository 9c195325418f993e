// After the log was read: calls of which nobody knows the end become unknown, what goes back stands in its lane again, counts fit.
import { ask, type Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { laneKeys } from '../../src/lanes/keys.ts';
import { stir } from '../../src/lanes/overdue.ts';
import { foldChunk } from '../../src/ledger/fold.ts';
import { jobKeys, outboxKeys } from '../../src/ledger/keys.ts';
import { chunkRange, startsOf } from '../../src/ledger/row.ts';
import { remember } from './recent.ts';
import { countPlaces, type ReplayOptions, replayWords, unknownWord, waitsKey } from './replay.ts';

const recountScript = loadScript(import.meta.dirname, 'lua/recount.lua');

const SENDING = STATUS_BYTE.sending.charCodeAt(0);
const SLICE_ROWS = 65_536;
const WAITS_AT_ONCE = 500;

/** Repeatable. `lost`: what is under way in Redis is so no more, or nobody knows its end. */
export async function finishJob(
  options: ReplayOptions,
  home: string,
  job: string,
  lost: boolean,
): Promise<void> {
  const { redis, namespace, toldOf } = options;
  const seal = await options.sealOf(home, job);
  if (!seal) return;
  const keys = jobKeys(namespace, home, job, seal.fingerprint);
  for (let from = 0; lost && from < seal.rows; from += SLICE_ROWS)
    await endOpen(options, seal, from, Math.min(from + SLICE_ROWS, seal.rows) - 1);
  await sendBack(options, seal);
  const { outbox } = outboxKeys(namespace, home);
  const told = ['', job, toldOf(home)];
  const state = await redis.run<string>(recountScript, [keys.row, keys.statuses, outbox], told);
  if (state === 'open') await poke(options, seal);
  if (state === '') return;
  await remember(options, seal);
  await foldWhole(redis, namespace, seal);
}

async function endOpen(options: ReplayOptions, seal: SealRecord, from: number, to: number): Promise<void> {
  const { redis, namespace } = options;
  const keys = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  const [statuses, tries] = await Promise.all([
    ask(redis.client.getrangeBuffer(keys.statuses, from, to)),
    ask(redis.client.getrangeBuffer(keys.tries, from, to)),
  ]);
  const words = [...statuses.entries()].flatMap(([offset, byte]) =>
    byte === SENDING ? unknownWord(from + offset, tries[offset] ?? 0, options.nowMs()) : [],
  );
  if (words.length === 0) return;
  await replayWords(options, seal.home, seal.job, words);
  // They were under way when Redis forgot them: the limits count them from now.
  const calls = {
    batch: `${options.run} ${seal.job} ${from}`,
    seq: 0,
    ended: words.map(() => options.nowMs()),
  };
  await countPlaces(options, seal.home, seal.sender, calls);
}

/** Items that were told to come back wait alone, as long as they were told to. */
async function sendBack(
  { redis, namespace }: ReplayOptions,
  { home, job, sender, fingerprint }: SealRecord,
): Promise<void> {
  const { client } = redis;
  const keys = jobKeys(namespace, home, job, fingerprint);
  const waits = waitsKey(keys.tries);
  const lane = laneKeys(namespace, { home, sender });
  for (let cursor = '0'; ; ) {
    const [next, found] = await ask(client.hscan(waits, cursor, 'COUNT', WAITS_AT_ONCE));
    const members: string[] = [];
    for (let i = 0; i + 1 < found.length; i += 2) {
      const [due = '0', why = 'r'] = (found[i + 1] ?? '').split(' ');
      members.push(due, `${job}:${found[i]}:${why}`);
    }
    if (members.length > 0) await ask(client.zadd(lane.later, ...members));
    if (next === '0') break;
    cursor = next;
  }
  await ask(client.del(waits));
}

/** A lane that has work is looked at soon; one that has a turn stays as it is. */
async function poke({ redis, namespace }: ReplayOptions, { home, sender }: SealRecord): Promise<void> {
  await ask(redis.client.zadd(laneKeys(namespace, { home, sender }).lanes, 'LT', '1', sender));
  stir(redis, namespace, home);
}

async function foldWhole(redis: Redis, namespace: string, seal: SealRecord): Promise<void> {
  const { statuses } = jobKeys(namespace, seal.home, seal.job, seal.fingerprint);
  for (const n of startsOf(seal).keys()) {
    const { first, last } = chunkRange(seal, n);
    const bytes = await ask(redis.client.getrange(statuses, first, last));
    if (!/[qs]/.test(bytes)) await foldChunk(redis, namespace, seal, n);
  }
}
