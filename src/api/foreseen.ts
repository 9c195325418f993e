// The ledger as clients read it: what has become of each message, with why and until when the rest of them wait.
import type { Accounts } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { holdOf, isReason } from '../contract/hold.ts';
import type { Hold, Item, Job } from '../contract/job.ts';
import { readLater } from '../lanes/queue.ts';
import type { LedgerReader, Page } from '../ledger/port.ts';
import type { Submissions } from '../ledger/submissions.ts';
import { zoneNumbers } from '../ledger/zones.ts';
import { submissionLimit } from '../pacing/limits.ts';
import { nextFreeUs } from '../pacing/use.ts';
import type { HomeState, HomeStates } from './home-state.ts';
import { aloneFact, hasZones, itemHold, outlookOf } from './outlook.ts';
import { arePeopleFree, isFull, type PeopleOptions, tierOf } from './people.ts';

export interface ForeseenOptions extends PeopleOptions {
  ledger: LedgerReader;
  states: HomeStates;
  submissions: Pick<Submissions, 'dueMs'>;
  accounts: Pick<Accounts, 'sender'>;
  clock: Clock;
  /** The home whose job this is. */
  homeOfJob(job: string): string | undefined;
}

/** A submission that is looked at within this is under way. */
const UNDER_WAY_MS = 5_000;

/** What stops a message that waits for its own time as well. */
const STOPS = new Set([
  'job_paused',
  'sender_paused',
  'sender_disabled',
  'stopped',
  'credentials',
  'portfolio',
  'sender',
  'log',
  'memory',
  'rebuilding',
]);

export function foreseen(options: ForeseenOptions): LedgerReader {
  const { ledger, states, homeOfJob } = options;
  const withOutlook = async (home: string | undefined, job: Job): Promise<Job> => {
    if (home === undefined || job.counts.queued + job.counts.sending === 0) return job;
    if (job.kind === 'templates' || job.kind === 'media')
      return { ...job, hold: await submissionHold(options, home, job) };
    return { ...job, ...outlookOf(await states.read(home, job.sender), job) };
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
    leftOut: (...query) => ledger.leftOut(...query),
    items: async (home, id, status, fromIndex, limit): Promise<Page<Item, number>> => {
      const page = await ledger.items(home, id, status, fromIndex, limit);
      return { ...page, rows: await withHolds(options, home, id, page.rows) };
    },
  };
}

/** What waits for its account's hour; null: it is under way. */
async function submissionHold(
  { submissions, accounts, clock }: ForeseenOptions,
  home: string,
  job: Job,
): Promise<Hold | null> {
  const untilMs = await submissions.dueMs({ created_at: Date.parse(job.created_at), job: job.id, home });
  if (untilMs === undefined || untilMs <= clock.now() + UNDER_WAY_MS) return null;
  const sender = accounts.sender(job.sender) ?? { id: job.sender };
  const { name: limit, scope } = submissionLimit(job.kind === 'media' ? 'media' : 'templates', sender);
  return holdOf({ limit, scope, untilMs: Math.ceil(untilMs) });
}

async function withHolds(options: ForeseenOptions, home: string, id: string, items: Item[]): Promise<Item[]> {
  const { redis, namespace } = options;
  const waiting = items.filter(({ status }) => status === 'queued');
  const job = waiting.length > 0 ? await options.ledger.job(home, id) : undefined;
  if (!job) return items;
  if (job.kind === 'contacts') return items;
  if (job.kind !== 'messages') {
    const hold = await submissionHold(options, home, job);
    return items.map((item) => (item.status === 'queued' ? { ...item, hold } : item));
  }
  const state = await options.states.read(home, job.sender);
  const { hold } = outlookOf(state, job);
  const lane = state.lanes.find(({ id: sender }) => sender === job.sender);
  const rows = waiting.map(({ index }) => index);
  const [alone, zones, tiers] = await Promise.all([
    readLater(
      redis,
      namespace,
      { home, sender: job.sender },
      rows.map((index) => `${id}:${index}`),
    ),
    hasZones(state, job) ? zoneNumbers(redis, namespace, home, id, rows) : [],
    hold && isReason(hold.limit) ? [] : tierHolds(options, state, job, waiting),
  ]);
  const holds = new Map(
    rows.map((index, i) => [
      index,
      alone[i] === undefined || (hold && STOPS.has(hold.limit))
        ? itemHold(state, job, { index, zone: zones[i] }, tiers[i] ?? hold)
        : holdOf(aloneFact(alone[i], job, lane)),
    ]),
  );
  return items.map((item) => ({ ...item, hold: holds.get(item.index) ?? null }));
}

/** Under a full messaging limit new people wait for it, and those whom it counts for whatever binds besides. */
async function tierHolds(
  options: ForeseenOptions,
  state: HomeState,
  job: Job,
  waiting: readonly Item[],
): Promise<(Hold | null)[]> {
  const { sender, uses = [] } = state.lanes.find(({ id }) => id === job.sender) ?? {};
  const tier = tierOf(uses);
  if (!sender || !tier || !isFull(tier, state.nowUs)) return [];
  const numbers = waiting.map(({ to }) => to);
  const free = await arePeopleFree(options, sender, tier, state.nowUs, numbers);
  const untilUs = nextFreeUs(tier, state.nowUs);
  const { name: limit, scope } = tier.limit;
  const full = holdOf({ limit, scope, untilMs: untilUs === undefined ? null : Math.ceil(untilUs / 1_000) });
  const lanes = state.lanes.map((lane) => ({ ...lane, newPart: 0 }));
  const besides = free.includes(true) ? outlookOf({ ...state, lanes }, job).hold : null;
  return free.map((one) => (one ? besides : full));
}
