// The ledger as clients read it: what has become of each message, with why and until when the rest of them wait.
import type { Redis } from '../base/redis.ts';
import { holdOf } from '../contract/hold.ts';
import type { Item, Job } from '../contract/job.ts';
import { readLater } from '../lanes/queue.ts';
import type { LedgerReader, Page } from '../ledger/port.ts';
import { zoneNumbers } from '../ledger/zones.ts';
import type { HomeStates } from './home-state.ts';
import { aloneFact, hasZones, itemHold, outlookOf } from './outlook.ts';

export interface ForeseenOptions {
  ledger: LedgerReader;
  states: HomeStates;
  redis: Redis;
  namespace: string;
  /** The home whose job this is. */
  homeOfJob(job: string): string | undefined;
}

/** What stops a message that waits for its own time as well. */
const STOPS = new Set([
  'job_paused',
  'sender_paused',
  'sender_disabled',
  'credentials',
  'portfolio',
  'sender',
]);

export function foreseen({ ledger, states, redis, namespace, homeOfJob }: ForeseenOptions): LedgerReader {
  const withOutlook = async (home: string | undefined, job: Job): Promise<Job> => {
    if (home === undefined || job.counts.queued + job.counts.sending === 0) return job;
    return { ...job, ...outlookOf(await states.read(home, job.sender), job) };
  };
  const withHolds = async (home: string, id: string, items: Item[]): Promise<Item[]> => {
    const waiting = items.filter(({ status }) => status === 'queued');
    const job = waiting.length > 0 ? await ledger.job(home, id) : undefined;
    if (!job) return items;
    const state = await states.read(home, job.sender);
    const { hold } = outlookOf(state, job);
    const dues = await readLater(
      redis,
      namespace,
      { home, sender: job.sender },
      waiting.map(({ index }) => `${id}:${index}`),
    );
    const zones = hasZones(state, job)
      ? await zoneNumbers(
          redis,
          namespace,
          home,
          id,
          waiting.map(({ index }) => index),
        )
      : [];
    const holds = new Map(
      waiting.map(({ index }, i) => [
        index,
        dues[i] === undefined || (hold && STOPS.has(hold.limit))
          ? itemHold(state, job, { index, zone: zones[i] }, hold)
          : holdOf(aloneFact(dues[i], job)),
      ]),
    );
    return items.map((item) => ({ ...item, hold: holds.get(item.index) ?? null }));
  };
  return {
    job: async (home, id) => {
      const job = await ledger.job(home, id);
      return job && withOutlook(home, job);
    },
    jobs: async (...query) => {
      const page = await ledger.jobs(...query);
      return {
        ...page,
        rows: await Promise.all(page.rows.map((job) => withOutlook(homeOfJob(job.id), job))),
      };
    },
    items: async (home, id, status, fromIndex, limit): Promise<Page<Item, number>> => {
      const page = await ledger.items(home, id, status, fromIndex, limit);
      return { ...page, rows: await withHolds(home, id, page.rows) };
    },
  };
}
