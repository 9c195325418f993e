// One course: a client posts jobs, things are done to the service, everything is waited for, and the histories are judged.
import { systemClock as clock } from '../../../src/base/clock.ts';
import { laneKeys } from '../../../src/lanes/keys.ts';
import { createClient, type JobView } from '../../support/client.ts';
import { numberOf } from '../../support/stage.ts';
import { until } from '../../support/until.ts';
import { judge, type Verdict } from './check.ts';
import { elapsed, type Fleet, type FleetOptions, openFleet } from './fleet.ts';
import { type History, openHistory } from './history.ts';
import type { CourseOptions } from './options.ts';
import { post, SENDERS } from './posting.ts';
import type { Fault } from './schedule.ts';

const SINK_PATIENCE_MS = 60_000;

export async function runCourse(options: CourseOptions): Promise<Verdict> {
  const history = openHistory(options.folder);
  const fleet = await openFleet(fleetOptions(options, history));
  const watch = watchLanes(fleet, history, options.portfolio);
  try {
    for (const sender of SENDERS)
      await fleet.stage.platform.number(numberOf(sender), {
        latency_ms: options.latencyMs ?? 50,
        throughput: options.throughput,
      });
    const striking = strikeAll(fleet, options.faults);
    const beside = options.also?.(fleet, history);
    const [more] = await Promise.all([beside, post(fleet, history, options, beside), striking]);
    const ended = await waitForEnds(fleet, history, options.patienceMs);
    await waitForSink(fleet, ended);
    const listed = await countJobs(fleet);
    await writePlatform(fleet, history);
    writeSink(fleet, history);
    const { violations, figures } = judge({
      client: history.read('client'),
      platform: history.read('platform'),
      faults: history.read('faults'),
      lanes: history.read('lanes'),
      sink: history.read('sink'),
      ends: history.read('ends'),
      listed,
      patienceMs: options.patienceMs,
      resends: false,
      gentle: options.gentle ?? false,
    });
    return {
      violations: [...violations, ...(more?.violations ?? [])],
      figures: { ...figures, ...more?.figures },
    };
  } finally {
    watch.stop();
    await fleet.close();
  }
}

const fleetOptions = (options: CourseOptions, history: History): FleetOptions => ({
  history,
  kafka: options.kafka,
  folder: options.sources,
  olderFolder: options.olderFolder,
  onePort: options.onePort ?? false,
  senders: SENDERS.map((id) => ({
    id,
    throughput: options.throughput,
    ...(options.portfolio ? { portfolio: options.portfolio } : {}),
  })),
  ...(options.env ? { env: options.env } : {}),
  ...(options.dispatchers ? { dispatchers: options.dispatchers } : {}),
});

/** Faults overlap when one lasts longer than the time to the next. */
async function strikeAll(fleet: Fleet, faults: readonly Fault[]): Promise<void> {
  const startedAt = performance.now();
  const under: Promise<void>[] = [];
  for (const fault of faults) {
    await elapsed(Math.max(0, fault.atMs - (performance.now() - startedAt)));
    const done = fleet.strike(fault);
    // One after the other on what there is one of.
    if (fault.target === 'redis' || fault.target === 'kafka' || fault.kind === 'restart') await done;
    else under.push(done);
    done.catch(() => {});
  }
  await Promise.all(under);
}

const OVER = new Set(['completed', 'canceled', 'expired', 'incomplete']);

/** Items that customers are told of. */
interface Ended {
  accepted: number;
  unknown: number;
}

/** Waits for every job that was acknowledged, and reads it with its items. */
async function waitForEnds(fleet: Fleet, history: History, patienceMs: number): Promise<Ended> {
  const jobs = new Set(
    history.read('client').flatMap(({ status, job }) => (status === 202 && job ? [job] : [])),
  );
  const giveUpAt = performance.now() + patienceMs;
  const count: Ended = { accepted: 0, unknown: 0 };
  for (const id of jobs) {
    const look = async (): Promise<JobView | undefined> => {
      const job = await ask(fleet, (api) => api.job(id));
      return job && OVER.has(job.status) ? job : undefined;
    };
    const ended = await until(look, {
      what: id,
      timeoutMs: Math.max(100, giveUpAt - performance.now()),
    }).catch(() => undefined);
    const job = ended ?? (await ask(fleet, (api) => api.job(id)));
    const items = job ? ((await ask(fleet, (api) => api.items(id))) ?? []) : [];
    for (const { status } of items) if (status === 'accepted' || status === 'unknown') count[status] += 1;
    history.add('ends', {
      at: clock.now(),
      job: id,
      status: job?.status ?? '',
      counts: job?.counts ?? {},
      items: items.map(({ to, status, index }) => ({ to: to.replace('+', ''), status, index })),
    });
  }
  return count;
}

type Api = ReturnType<typeof createClient>;

/** Of any API process that answers; undefined when none does, or what is asked for is not there. */
async function ask<T>(fleet: Fleet, call: (api: Api) => Promise<T>): Promise<T | undefined> {
  for (const url of fleet.urls()) {
    const answer = await call(createClient(url)).catch(() => undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function waitForSink({ sink }: Fleet, ended: Ended): Promise<void> {
  const idsOf = (type: string) => new Set(sink.taken(type).map(({ id }) => id)).size;
  const told = () => idsOf('message.accepted') >= ended.accepted && idsOf('message.unknown') >= ended.unknown;
  await until(told, { what: 'every event is told', timeoutMs: SINK_PATIENCE_MS }).catch(() => {});
}

async function countJobs(fleet: Fleet): Promise<number> {
  interface Page {
    data: unknown[];
    next_cursor: string | null;
  }
  let count = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/v1/jobs?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: Page | undefined = await ask(fleet, (api) => api.get<Page>(path));
    count += page?.data.length ?? 0;
    cursor = page?.next_cursor ?? null;
  }
  return count;
}

async function writePlatform(fleet: Fleet, history: History): Promise<void> {
  for (const { seq, at, to, taken, outcome } of await fleet.stage.platform.arrivals())
    history.add('platform', { seq, at: Date.parse(at), to: to ?? '', taken, outcome });
}

function writeSink({ sink }: Fleet, history: History): void {
  for (const { id, type, created_at: created, data } of sink.taken())
    if (type.startsWith('message.')) {
      const [job, index] = [String(data.job_id), Number(data.index)];
      history.add('sink', { at: clock.now(), id, type, created, job, index });
    }
}

/** Notes whose take was the last of each lane, whenever that changes. */
function watchLanes({ redis, stage }: Fleet, history: History, portfolio?: string): { stop(): void } {
  let stopped = false;
  const last = new Map<string, number>();
  const look = async (): Promise<boolean> => {
    for (const sender of SENDERS) {
      const home = portfolio === undefined ? `s:${sender}` : `p:${portfolio}`;
      const { lane } = laneKeys(stage.namespace, { home, sender });
      const seq = await redis.redis.client.hget(lane, 'seq').catch(() => null);
      const fence = Number(seq?.split(':')[0] ?? 0);
      if (!fence || last.get(sender) === fence) continue;
      last.set(sender, fence);
      history.add('lanes', { at: clock.now(), lane, fence });
    }
    return stopped;
  };
  until(look, { what: 'the course is over', timeoutMs: Number.POSITIVE_INFINITY }).catch(() => {});
  return {
    stop: () => {
      stopped = true;
    },
  };
}
