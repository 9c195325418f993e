// A fresh log of one test, and a follower that remembers what it handled.
import type { TestContext } from 'vitest';
import type { DeliveredEntry, FollowOptions, Log, LogEntry } from '../../src/log/port.ts';
import { freshNamespace } from '../support/services.ts';
import { type LogKind, openLog } from './open.ts';

/** Tests run side by side, so what ends with a test is told to that test's own context. */
export type Ending = Pick<TestContext, 'onTestFinished'>;

export async function freshLog(
  kind: LogKind,
  { onTestFinished }: Ending,
): Promise<{ log: Log; namespace: string }> {
  const namespace = freshNamespace();
  const log = openLog(kind, namespace);
  onTestFinished(() => log.close());
  await log.prepare();
  return { log, namespace };
}

export const entry = (key: string, value: string, headers: Record<string, string> = {}): LogEntry => ({
  key,
  headers,
  value,
});

/**
 * Follows `jobs` as `group` and collects what was handled, each entry at its first coming: an append that Kafka answers for
 * some partitions only is repeated for all, so entries may stand in the log twice.
 */
export async function collect(log: Log, group: string, options: Partial<FollowOptions> = {}) {
  const seen: DeliveredEntry[] = [];
  const handle = async (one: DeliveredEntry) => {
    await options.handle?.(one);
    if (!seen.some(({ key, value }) => key === one.key && value === one.value)) seen.push(one);
  };
  const follower = await log.follow({ topic: 'jobs', group, ...options, handle });
  const values = () => seen.map(({ value }) => value);
  return { follower, seen, values };
}

export const numbered = (count: number, prefix = ''): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);
