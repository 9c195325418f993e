// What stands in Redis of one home, read together: its lanes, the use of their limits, what the platform said must wait. The stores do not
// know each other; here their facts meet. One reading serves everybody who asks within a moment.
import type { Accounts, Sender } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { ask } from '../base/redis.ts';
import { type HoldFact, type HoldReason, isReason } from '../contract/hold.ts';
import type { Limit } from '../contract/limit.ts';
import { jobOfCursor } from '../lanes/cursor.ts';
import { type Queue, readQueues } from '../lanes/queue.ts';
import { jobRowKey } from '../ledger/keys.ts';
import { isOutboxFull } from '../ledger/outbox.ts';
import type { LedgerReader } from '../ledger/port.ts';
import { haltKey } from '../memory/keys.ts';
import { type AnswerTimes, readAnswerTimes } from '../pacing/answer-times.ts';
import { holdFields, holdsKey } from '../pacing/keys.ts';
import { limitsOf } from '../pacing/limits.ts';
import { readUse } from '../pacing/read-use.ts';
import { type LimitUse, usedOf } from '../pacing/use.ts';
import { arePeopleFree, type PeopleOptions, SAMPLE_ROWS, tierOf } from './people.ts';

/** A reading serves those who ask within this time of it: a page of a hundred jobs of one sender costs one. What was counted later is not in it. */
const FRESH_MS = 10;
const MAX_HOMES = 1_000;

export interface LaneState {
  id: string;
  /** Undefined: no longer in the accounts. */
  sender: Sender | undefined;
  uses: LimitUse[];
  answers: AnswerTimes;
  queue: Queue;
  /** Which part of its next messages is for people that its messaging limit does not count yet. */
  newPart: number;
}

export interface HomeState {
  nowUs: number;
  lanes: LaneState[];
  /** What the platform said must wait: field of the home's holds → until when (µs). */
  holds: ReadonlyMap<string, number>;
  /** Why nothing is started in the whole installation. */
  halted: HoldReason | undefined;
  /** Messages that each job has queued. */
  queued: ReadonlyMap<string, number>;
  /** More is to be told of it than is taken on. */
  outboxFull: boolean;
}

export interface HomeStates {
  /** `sender`: its lane is among those that are read, though it may be idle. */
  read(home: string, sender: string): Promise<HomeState>;
}

export interface HomeStatesOptions extends PeopleOptions {
  ledger: Pick<LedgerReader, 'items'>;
  accounts: Pick<Accounts, 'sender' | 'toldOf'>;
  clock: Clock;
}

export function createHomeStates(options: HomeStatesOptions): HomeStates {
  const recent = new Map<string, { atMs: number; account: Sender | undefined; state: Promise<HomeState> }>();
  return {
    read: (home, sender) => {
      const nowMs = options.clock.monotonicUs() / 1_000;
      const key = `${home} ${sender}`;
      const known = recent.get(key);
      const account = options.accounts.sender(sender);
      // Whoever has changed a sender sees it at once.
      if (known && known.account === account && nowMs - known.atMs < FRESH_MS) return known.state;
      const state = readHome(options, home, sender);
      recent.delete(key);
      recent.set(key, { atMs: nowMs, account, state });
      state.catch(() => recent.delete(key));
      const oldest = recent.keys().next();
      if (recent.size > MAX_HOMES && !oldest.done) recent.delete(oldest.value);
      return state;
    },
  };
}

async function readHome(options: HomeStatesOptions, home: string, asked: string): Promise<HomeState> {
  const { redis, namespace, accounts } = options;
  const queues = await readQueues(redis, namespace, home, asked);
  const senders = queues.map(({ sender }) => accounts.sender(sender));
  const limits = senders.map((sender) => (sender ? limitsOf(sender) : []));
  const jobs = [...new Set(queues.flatMap(({ cursors }) => cursors.map(({ name }) => jobOfCursor(name))))];
  const [{ nowUs, uses }, holds, answers, queued, halted, outboxFull] = await Promise.all([
    readUse(redis, namespace, home, limits.flat()),
    ask(redis.client.hgetall(holdsKey(namespace, home))),
    readAnswerTimes(
      redis,
      namespace,
      home,
      queues.map(({ sender }) => sender),
    ),
    Promise.all(jobs.map((job) => ask(redis.client.hget(jobRowKey(namespace, home, job), 'n:q')))),
    ask(redis.client.get(haltKey(namespace))),
    accounts.toldOf(home) !== '' && isOutboxFull(redis, namespace, home),
  ]);
  const lanes = queues.map((queue, i) => ({
    id: queue.sender,
    sender: senders[i],
    uses: usesOf(limits, uses, i),
    answers: answers[i] ?? { medianUs: 0, p90Us: 0 },
    queue,
  }));
  return {
    nowUs,
    halted: halted && isReason(halted) ? halted : undefined,
    lanes: await Promise.all(
      lanes.map(async (lane) => ({ ...lane, newPart: await newPartOf(options, home, lane, nowUs) })),
    ),
    holds: new Map(
      Object.entries(holds).flatMap(([field, text]) => {
        const untilUs = Number(text.split('|', 1)[0]);
        return untilUs > nowUs ? [[field, untilUs] as const] : [];
      }),
    ),
    outboxFull,
    queued: new Map(jobs.map((job, i) => [job, Number(queued[i] ?? 0)])),
  };
}

/** Only asked where the messaging limit is full or nearly: looked up for the next messages of the lane's first cursor. */
async function newPartOf(
  options: HomeStatesOptions,
  home: string,
  { sender, uses, queue }: Omit<LaneState, 'newPart'>,
  nowUs: number,
): Promise<number> {
  const tier = tierOf(uses);
  const first = queue.cursors[0];
  const left = queue.cursors.reduce((sum, { rows, next }) => sum + rows - next, 0);
  if (!sender || !tier || !first || tier.count - usedOf(tier, nowUs) >= left) return 1;
  const page = await options.ledger.items(home, jobOfCursor(first.name), 'queued', first.next, SAMPLE_ROWS);
  const free = await arePeopleFree(
    options,
    sender,
    tier,
    nowUs,
    page.rows.map(({ to }) => to),
  );
  return free.length === 0 ? 1 : free.filter((one) => !one).length / free.length;
}

/** The limits of all lanes were read in one list. */
function usesOf(limits: readonly Limit[][], uses: readonly LimitUse[], lane: number): LimitUse[] {
  const from = limits.slice(0, lane).reduce((sum, own) => sum + own.length, 0);
  return uses.slice(from, from + (limits[lane]?.length ?? 0));
}

/** What holds a whole lane, whatever its limits; undefined: nothing. The first that needs somebody to act comes first. */
export function laneHold(
  { holds, halted, outboxFull }: HomeState,
  { id, sender }: LaneState,
): HoldFact | undefined {
  if (!sender || sender.disabled) return { limit: 'sender_disabled', scope: id, untilMs: null };
  if (sender.stopped) return { limit: 'stopped', scope: sender.stopped, untilMs: null };
  if (sender.paused) return { limit: 'sender_paused', scope: id, untilMs: null };
  if (halted) return { limit: halted, scope: sender.home, untilMs: null };
  const said: [field: string, limit: HoldReason, scope: string][] = [
    [holdFields.credentials(id), 'credentials', id],
    [holdFields.portfolio, 'portfolio', sender.portfolio?.id ?? id],
    [holdFields.sender(id), 'sender', id],
  ];
  for (const [field, limit, scope] of said) {
    const untilUs = holds.get(field);
    if (untilUs !== undefined) return { limit, scope, untilMs: Math.ceil(untilUs / 1_000) };
  }
  return outboxFull ? { limit: 'outbox', scope: id, untilMs: null } : undefined;
}
