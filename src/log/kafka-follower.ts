// Follows one topic: the entries of a partition one after the other, a few partitions side by side, the commit after the work.
// While an entry waits out an outage the member keeps its heartbeat; when the group turns without it, it stops at once.
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { EachBatchPayload, IHeaders, Kafka, KafkaConsumer, KafkaMessage } from '../base/kafka.ts';
import type { Logger } from '../base/logger.ts';
import type { DeliveredEntry, Follower, FollowOptions, Topic } from './port.ts';
import { createFailed, RETRY, shown, type Work } from './work.ts';

const PARTITIONS_AT_ONCE = 3;
const COMMIT_EVERY_MS = 1_000;
const ASK_HEARTBEAT_EVERY_MS = 1_000;
/** Leaving the group is a courtesy: without it the partitions move when the session ends. */
const PARTING_PATIENCE_MS = 5_000;

export interface TopicContext {
  kafka: Kafka;
  clock: Clock;
  logger: Logger;
  work: Work;
  topicName: string;
  groupName: string;
}

export function followTopic(context: TopicContext, options: FollowOptions): Follower {
  const stopping = new AbortController();
  const { failed, fail } = createFailed();
  const passes = new Set<Promise<void>>();
  const joined = Promise.withResolvers<void>();
  const eachBatch = async (batch: EachBatchPayload) => {
    const pass = workOff(context, options, batch, stopping.signal);
    passes.add(pass);
    await pass.finally(() => passes.delete(pass));
  };
  const ended = followOn({ ...context, eachBatch, passes, joined: joined.resolve }, stopping.signal).catch(
    fail,
  );
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
    progress: context.work.progress,
    joined: joined.promise,
    failed,
  };
}

interface Member extends TopicContext {
  eachBatch(batch: EachBatchPayload): Promise<void>;
  /** The passes under way. */
  passes: ReadonlySet<Promise<void>>;
  joined(): void;
}

/** Joins the group, again after each trouble, however long Kafka is away. Throws what no repeat can heal. */
async function followOn(member: Member, signal: AbortSignal): Promise<void> {
  const { clock, logger, topicName, groupName } = member;
  for (let troubles = 0; !signal.aborted; troubles += 1) {
    const trouble = await join(member, signal);
    if (trouble === undefined) return;
    // A codec that kafkajs has not: the record that needs it would be met again.
    if (trouble instanceof Error && trouble.name === 'KafkaJSNotImplemented') throw trouble;
    const where = { topic: topicName, group: groupName };
    logger.warn('log.follow_interrupted', { ...where, count: troubles + 1, reason: shown(trouble) });
    await clock.delay(backoffMs(RETRY, troubles, clock.random), signal);
  }
}

/** One membership, from the first connection to the last commit. Resolves with what ended it; undefined: the signal. */
async function join(member: Member, signal: AbortSignal): Promise<unknown> {
  const { kafka, topicName, groupName, eachBatch } = member;
  const consumer = kafka.consumer(groupName, () => !signal.aborted);
  const ended = Promise.withResolvers<unknown>();
  const stop = () => ended.resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topicName], fromBeginning: true });
    listen(consumer, member, ended.resolve);
    await consumer.run({
      eachBatch,
      eachBatchAutoResolve: false,
      autoCommitInterval: COMMIT_EVERY_MS,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
    });
    return await ended.promise;
  } catch (error) {
    return error;
  } finally {
    signal.removeEventListener('abort', stop);
    await leave(consumer, member);
  }
}

/** kafkajs starts a crashed consumer again when it thinks that helps; its other crashes are `giveUp`. */
function listen(
  consumer: KafkaConsumer,
  { work, logger, topicName, groupName, joined }: Member,
  giveUp: (error: unknown) => void,
): void {
  consumer.on(consumer.events.GROUP_JOIN, joined);
  consumer.on(consumer.events.FETCH, work.alive);
  consumer.on(consumer.events.HEARTBEAT, work.alive);
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) return giveUp(payload.error);
    logger.warn('log.follow_interrupted', {
      topic: topicName,
      group: groupName,
      reason: shown(payload.error),
    });
  });
}

/** Waits for the entries at work and their commit; for the goodbye to the group only a little. */
async function leave(consumer: KafkaConsumer, { clock, passes }: Member): Promise<void> {
  const left = consumer.disconnect().catch(() => {});
  await Promise.allSettled(passes);
  const patience = new AbortController();
  await Promise.race([left, clock.delay(PARTING_PATIENCE_MS, patience.signal)]);
  patience.abort();
}

/** One pass over what a fetch brought of one partition. */
async function workOff(
  { clock, work }: TopicContext,
  { topic, together = 1, marked }: FollowOptions,
  { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale }: EachBatchPayload,
  stopping: AbortSignal,
): Promise<void> {
  // Tells at once when the group is turning: a pass that queued behind others must not begin then.
  await heartbeat();
  const lost = new AbortController();
  const beat = heartbeating(clock, heartbeat, lost);
  const signal = AbortSignal.any([stopping, lost.signal]);
  try {
    for (let at = 0; at < batch.messages.length; at += together) {
      if (signal.aborted || !isRunning() || isStale()) break;
      const side = batch.messages.slice(at, at + together);
      const finish = (message: KafkaMessage) => work.finish(decode(topic, batch.partition, message), signal);
      if (!(await Promise.all(side.map(finish))).every(Boolean)) break;
      const last = side.at(-1)?.offset ?? '';
      const mark = async () => marked?.(batch.partition, Number(last) + 1);
      if (marked && !(await work.repeat(mark, signal))) break;
      resolveOffset(last);
      if (lost.signal.aborted) break;
      await commitOffsetsIfNecessary();
    }
  } finally {
    beat.cancel();
  }
  // The library's own recovery: join again, or connect again.
  if (lost.signal.aborted) throw lost.signal.reason;
}

/**
 * Asks for heartbeats while the pass works or waits; the first that fails ends the pass after the entry at work. They go on
 * until then: the group waits a minute for who still beats, but takes the partitions of who is silent for a session.
 */
function heartbeating(clock: Clock, heartbeat: () => Promise<void>, lost: AbortController): Timer {
  let timer: Timer = { cancel: () => {} };
  let cancelled = false;
  const beat = async () => {
    await heartbeat().catch((error: unknown) => lost.abort(error));
    if (!cancelled) arm();
  };
  const arm = () => {
    timer = clock.after(ASK_HEARTBEAT_EVERY_MS, beat);
  };
  arm();
  return {
    cancel: () => {
      cancelled = true;
      timer.cancel();
    },
  };
}

/** Tolerant: what is missing becomes empty, so that its reader refuses it and it ends visibly in `dead`. */
export function decode(topic: Topic, partition: number, message: KafkaMessage): DeliveredEntry {
  return {
    topic,
    position: `${partition}:${message.offset}`,
    key: message.key?.toString() ?? '',
    headers: headersOf(message.headers),
    value: message.value?.toString() ?? '',
  };
}

function headersOf(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, String(value ?? '')]),
  );
}
