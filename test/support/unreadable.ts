// A job whose only chunk can never be read: the record is broken, its headers and its seal are whole.
import { randomBytes } from 'node:crypto';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Redis } from '../../src/base/redis.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { createRedisStreamsLog } from '../../src/log/redis-streams.ts';

export interface UnreadableJob {
  home: string;
  sender: string;
  rows: number;
}

/** Appends it to the log, and gives its id. */
export async function appendUnreadable(
  redis: Redis,
  namespace: string,
  { home, sender, rows }: UnreadableJob,
): Promise<string> {
  const job = `job_${randomBytes(12).toString('hex').slice(0, 22)}`;
  const fingerprint = randomBytes(32).toString('hex');
  const now = clock.now();
  const base = { v: 1 as const, job, home, fingerprint, dies_at: now + 3_600_000 };
  const seal: SealRecord = {
    ...base,
    type: 'seal',
    workspace: 'acme',
    environment: 'live',
    kind: 'messages',
    sender,
    created_at: now,
    rows,
    total: rows,
    rejected_count: 0,
    duplicate_count: 0,
    starts: [0],
    digests: ['0'.repeat(64)],
    content: { text: { body: 'Hi' } },
    category: 'marketing',
    priority: 'bulk',
    on_unknown: 'hold',
    metadata: {},
  };
  const headers = { v: '1', job, home, fingerprint, dies_at: String(base.dies_at) };
  const log = createRedisStreamsLog({ redis, namespace, clock, logger: silentLogger, consumer: 'test' });
  await log.append('jobs', [
    {
      key: job,
      headers: { ...headers, type: 'chunk', n: '0', from: '0', count: String(rows) },
      value: '{"v":1',
    },
    { key: job, headers: { ...headers, type: 'seal' }, value: JSON.stringify(seal) },
  ]);
  return job;
}
