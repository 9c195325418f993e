// The time from POST to 202 of one bulk job, beside an endpoint that only parses and produces, and one that adds BullMQ jobs.
import { randomBytes } from 'node:crypto';
import type { Bench, Setting } from '../bench.ts';
import { CONTENT, messagesOf } from '../payloads.ts';
import { startProgram } from '../processes.ts';
import type { Line, Report } from '../report.ts';
import { bulkBodyOf, postBulk, type Sluice, startSluice } from '../sluice.ts';
import { median, ratios } from '../stats.ts';
import { type Health, watchHealth } from './health.ts';
import type { AcceptPeerOptions } from './peer.ts';

const RECIPIENTS = 10_000;
const ROUNDS = 20;
/** Calls that are not counted: a service that has just started runs its own code up to four times slower; JSON.parse does not. */
const WARM_ROUNDS = 15;
const TARGET = 3;
const HEALTH_TARGET_MS = 100;
/** Nothing is sent in this benchmark. */
const NOWHERE = 'http://127.0.0.1:9';

interface Contestant {
  name: string;
  post(): Promise<unknown>;
  /** Between two rounds, outside of the clock. */
  tidy?(): Promise<void>;
}

export const accept: Bench = {
  name: 'accept',
  run: async (setting) => {
    const body = Buffer.from(bulkBodyOf(0, messagesOf(0, 0, RECIPIENTS)));
    const opened: { stop(): Promise<void> }[] = [];
    try {
      const course = await open(setting, body, opened);
      const { only, rounds = ROUNDS } = setting.options;
      const names = course.contestants.filter(({ name }) => !only || only.includes(name));
      const times = await run(names, rounds);
      // Apart from the timing: the questions themselves keep the process busy.
      const health = await course.watched(rounds);
      const faults = await course.faults(names, rounds);
      return reportOf(times, health, body.length, rounds, faults);
    } finally {
      await Promise.all(opened.map((one) => one.stop()));
    }
  },
};

interface Course {
  contestants: Contestant[];
  /** Posts to each log with the watch on. */
  watched(rounds: number): Promise<Health>;
  faults(ran: readonly Contestant[], rounds: number): Promise<string[]>;
}

async function open(setting: Setting, body: Buffer, opened: { stop(): Promise<void> }[]): Promise<Course> {
  const { redisUrl, redis } = setting;
  const brokers = await setting.brokers();
  const start = async (log: string | undefined): Promise<Sluice> => {
    const sluice = await startSluice({
      redisUrl,
      brokers: log,
      senders: 1,
      platformUrl: NOWHERE,
      workers: [],
    });
    opened.push({ stop: () => sluice.stop().then(() => redis.clear(sluice.namespace)) });
    return sluice;
  };
  const [onRedis, onKafka] = [await start(undefined), await start(brokers)];
  const peer = await startPeer(setting, brokers, body);
  opened.push(peer);
  return {
    contestants: [
      { name: 'redis', post: () => postBulk(onRedis.apiUrl, body) },
      { name: 'bare-redis', post: () => postTo(`${peer.url}/redis`, body) },
      { name: 'kafka', post: () => postBulk(onKafka.apiUrl, body) },
      { name: 'bare-kafka', post: () => postTo(`${peer.url}/kafka`, body) },
      {
        name: 'bullmq',
        post: () => postTo(`${peer.url}/bullmq`, body),
        tidy: () => clearJobs(setting, peer),
      },
    ],
    watched: (rounds) => watched([onRedis, onKafka], body, rounds),
    // The log itself says how much it was given: as many records as the bare peer wrote, which are one job's.
    faults: async (ran, rounds) => {
      const posts = rounds + (ran.some(({ name }) => name === 'redis') ? rounds + WARM_ROUNDS : 0);
      const stored = await redis.client.xlen(`${onRedis.namespace}:log:jobs`);
      const should = posts * peer.records;
      return stored === should ? [] : [`log: ${stored} records, should be ${should}`];
    },
  };
}

interface Peer {
  url: string;
  namespace: string;
  /** Log records that accept makes of the body. */
  records: number;
  stop(): Promise<void>;
}

async function startPeer(setting: Setting, brokers: string, body: Buffer): Promise<Peer> {
  const { redis, redisUrl } = setting;
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const options: AcceptPeerOptions = { redisUrl, brokers, namespace };
  const program = startProgram(['bench/accept/peer.ts', JSON.stringify(options)], {});
  const stop = (): Promise<void> => program.stop().then(() => redis.clear(namespace));
  try {
    const url = (await program.says(/^listening on (\S+)$/))[1] ?? '';
    await postTo(`${url}/records`, body);
    await postTo(`${url}/redis`, body);
    const records = await redis.client.xlen(`${namespace}:log:jobs`);
    return { url, namespace, records, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function watched(sluices: readonly Sluice[], body: Buffer, rounds: number): Promise<Health> {
  const health: Health = { ms: 0, samples: 0 };
  for (const { apiUrl } of sluices) {
    const watch = watchHealth(apiUrl);
    for (let round = 0; round < rounds; round++) await watch.during(() => postBulk(apiUrl, body));
    health.ms = Math.max(health.ms, watch.longest().ms);
    health.samples += watch.longest().samples;
  }
  return health;
}

async function clearJobs({ redis }: Setting, { namespace }: Peer): Promise<void> {
  for await (const keys of redis.keys(namespace)) {
    const jobs = keys.filter((key) => key.startsWith(`{${namespace}-queue}`));
    if (jobs.length > 0) await redis.client.unlink(...jobs);
  }
}

async function postTo(url: string, body: Buffer): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body });
  await answer.arrayBuffer();
  if (answer.status !== 202) throw new Error(`${url}: ${answer.status}`);
}

async function run(contestants: readonly Contestant[], rounds: number): Promise<Map<string, number[]>> {
  const times = new Map(contestants.map(({ name }): [string, number[]] => [name, []]));
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    for (const { name, post, tidy } of contestants) {
      const from = performance.now();
      await post();
      if (round >= 0) times.get(name)?.push(performance.now() - from);
      await tidy?.();
    }
  }
  return times;
}

function reportOf(
  times: ReadonlyMap<string, number[]>,
  health: Health,
  bytes: number,
  rounds: number,
  faults: string[],
): Report {
  const line = (ours: string, peer: string, what: string, atMost: number): Line[] => {
    const [mine, theirs] = [times.get(ours) ?? [], times.get(peer) ?? []];
    if (mine.length === 0 || theirs.length === 0) return [];
    return [
      {
        what,
        unit: 'ms',
        ours: median(mine),
        peer: { name: peer, value: median(theirs) },
        ratio: median(ratios(mine, theirs)),
        target: { atMost },
      },
    ];
  };
  return {
    benchmark: 'accept',
    setting: `POST of ${RECIPIENTS} recipients (${bytes} bytes, template ${CONTENT.template?.name}) on loopback, median of ${rounds}; ms`,
    lines: [
      ...line('redis', 'bare-redis', 'accept 10,000, log in Redis', TARGET),
      ...line('kafka', 'bare-kafka', 'accept 10,000, log in Kafka', TARGET),
      ...line('redis', 'bullmq', 'accept 10,000, log in Redis', 1),
      {
        what: 'longest /healthz meanwhile',
        unit: 'ms',
        ours: health.ms,
        target: { atMost: HEALTH_TARGET_MS },
      },
    ],
    details: { rounds: Object.fromEntries(times), healthSamples: health.samples },
    faults,
  };
}
