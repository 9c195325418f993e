// What customers are told after Redis has lost its memory: what they may not have heard yet. Who heard it hears the same ids again.
import { eventsRecordSchema } from '../../src/contract/event.ts';
import type { DeliveredEntry, History, Topic } from '../../src/log/port.ts';
import type { Standing } from '../../src/memory/memory.ts';

/** Records of each partition that customers are told again where Redis does not know how far it was. */
const EVENTS_AGAIN_MAX_RECORDS = 1_000;
/** Outboxes are emptied in seconds while somebody tells: what ended so long before the last that was told was told too. */
const TOLD_MS = 3_600_000;

interface TellOptions {
  history: History;
  progress(topic: Topic, done: number): void;
}

/** What ended before this (unix ms) customers were told; what came later was perhaps still in an outbox. */
export async function toldUntil(history: History, nowMs: number): Promise<number> {
  const last = new Map(
    [...(await history.bounds('events'))].map(([partition, { low, high }]) => [
      partition,
      { from: Math.max(low, high - 1), to: high },
    ]),
  );
  let newest = 0;
  await history.read('events', last, async (entries) => {
    for (const { value } of entries) newest = Math.max(newest, atOf(value));
  });
  return (newest || nowMs) - TOLD_MS;
}

/** When what a record of events tells was so. */
function atOf(value: string): number {
  try {
    return eventsRecordSchema.parse(JSON.parse(value)).at;
  } catch {
    return 0;
  }
}

/**
 * What customers are to be told is handed out again from where Redis had it all: it may have forgotten whom it still had to tell. One that
 * does not know where that is gets the newest. Gives where the topic ends.
 */
export async function tellAgain(
  options: TellOptions,
  standing: Standing,
  handle: (entries: DeliveredEntry[]) => Promise<void>,
): Promise<Map<number, number>> {
  const { history, progress } = options;
  const known = standing.marks.get('events');
  const ranges = new Map(
    [...(await history.bounds('events'))].map(([partition, { low, high }]) => {
      const from = known?.get(partition) ?? high - EVENTS_AGAIN_MAX_RECORDS;
      return [partition, { from: Math.min(high, Math.max(low, from)), to: high }];
    }),
  );
  let done = 0;
  await history.read('events', ranges, async (entries) => {
    await handle(entries);
    done += entries.length;
    progress('events', done);
  });
  return new Map([...ranges].map(([partition, { to }]) => [partition, to]));
}
