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

export function followTopic(context: TopicContext, { topic }: FollowOptions): Follower {
  const { clock, work } = context;
  const stopping = new AbortController();
  const { failed, fail } = createFailed();
  const passes = new Set<Promise<void>>();
  const eachBatch = async (batch: EachBatchPayload) => {
    const pass = workOff(context, topic, batch, stopping.signal);
    passes.add(pass);
    await pass.finally(() => passes.delete(pass));
  };
  const begun = begin(context, eachBatch, stopping.signal, fail);

  const part = async () => {
    stopping.abort();
    const consumer = await begun;
    const left = consumer?.disconnect().catch(() => {});
    await Promise.allSettled(passes);
    await Promise.race([left, clock.delay(PARTING_PATIENCE_MS)]);
  };
  let parted: Promise<void> | undefined;
  return {
    stop: () => {
      parted ??= part();
      return parted;
    },
    progress: work.progress,
    failed,
  };
}

type EachBatch = (batch: EachBatchPayload) => Promise<void>;

/** Joins the group, however long Kafka is away. Resolves without a consumer when told to stop before. */
async function begin(
  context: TopicContext,
  eachBatch: EachBatch,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): Promise<KafkaConsumer | undefined> {
  const { kafka, clock, logger, topicName, groupName } = context;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const consumer = kafka.consumer(groupName, () => !signal.aborted);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topicName], fromBeginning: true });
      listen(consumer, context, signal, fail);
      await consumer.run({
        eachBatch,
        eachBatchAutoResolve: false,
        autoCommitInterval: COMMIT_EVERY_MS,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      });
      return consumer;
    } catch (error) {
      logger.warn('log.follow_interrupted', {
        topic: topicName,
        group: groupName,
        count: attempt + 1,
        reason: shown(error),
      });
      await consumer.disconnect().catch(() => {});
      await clock.delay(backoffMs(RETRY, attempt, clock.random), signal);
    }
  }
  return undefined;
}

function listen(
  consumer: KafkaConsumer,
  { work, logger, topicName, groupName }: TopicContext,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): void {
  consumer.on(consumer.events.FETCH, work.alive);
  consumer.on(consumer.events.HEARTBEAT, work.alive);
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    logger.warn('log.follow_interrupted', {
      topic: topicName,
      group: groupName,
      reason: shown(payload.error),
    });
    if (!payload.restart && !signal.aborted) fail(payload.error);
  });
}

/** One pass over what a fetch brought of one partition. */
async function workOff(
  { clock, work }: TopicContext,
  topic: Topic,
  { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale }: EachBatchPayload,
  stopping: AbortSignal,
): Promise<void> {
  // Tells at once when the group is turning: a pass that queued behind others must not begin then.
  await heartbeat();
  const lost = new AbortController();
  const beat = heartbeating(clock, heartbeat, lost);
  const signal = AbortSignal.any([stopping, lost.signal]);
  try {
    for (const message of batch.messages) {
      if (signal.aborted || !isRunning() || isStale()) break;
      if (!(await work.finish(decode(topic, batch.partition, message), signal))) break;
      resolveOffset(message.offset);
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
function decode(topic: Topic, partition: number, message: KafkaMessage): DeliveredEntry {
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
