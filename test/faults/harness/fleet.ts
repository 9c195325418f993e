// The whole service as real processes on a Redis of its own, each started anew when it ends, and what can be done to them.
import { systemClock as clock } from '../../../src/base/clock.ts';
import { jobRowKey, openJobsKey } from '../../../src/ledger/keys.ts';
import { freePort } from '../../support/holder.ts';
import { type KafkaProxy, openKafkaProxy } from '../../support/kafka-proxy.ts';
import { type OwnRedis, openOwnRedis } from '../../support/own-redis.ts';
import { event, type Program } from '../../support/program.ts';
import { openSink, type Sink } from '../../support/sink.ts';
import { openStage, type SenderSetup, type Stage } from '../../support/stage.ts';
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import type { History } from './history.ts';
import type { Fault, Target } from './schedule.ts';

/** How long a process has to end after SIGTERM. */
const PARTING_MS = 20_000;
/** Nine processes start at once, on a machine that may be busy. */
const START_MS = 120_000;
const SINK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export interface FleetOptions {
  history: History;
  senders: SenderSetup[];
  /** Kafka as the log, behind a proxy; absent: Redis Streams. */
  kafka: string | undefined;
  /** Another copy of the sources. */
  folder?: string | undefined;
  /** Of another release: every second process runs from it. */
  olderFolder?: string | undefined;
  /** All API processes listen on one port. */
  onePort?: boolean;
  env?: Record<string, string>;
  dispatchers?: number;
}

export interface Fleet {
  stage: Stage;
  redis: OwnRedis;
  sink: Sink;
  kafka: KafkaProxy | undefined;
  /** Messages that wait, over all open jobs. */
  queued(): Promise<number>;
  /** Addresses of the API processes that serve now. */
  urls(): string[];
  /** Starts one more, which is kept as the others are. */
  add(target: Target): Promise<void>;
  /** Does it, and resolves when it is over; what is killed is started again meanwhile. */
  strike(fault: Fault): Promise<void>;
  program(target: Target, which: number): Program | undefined;
  close(): Promise<void>;
}

interface Member {
  target: Target;
  args: string[];
  env: Record<string, string>;
  folder: string | undefined;
  program?: Program | undefined;
}

export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { history, kafka: brokers, dispatchers = 2 } = options;
  const redis = await openOwnRedis();
  const line = await openTcpProxy(redis.url);
  const kafka = brokers === undefined ? undefined : await openKafkaProxy(brokers);
  const sink = await openSink([SINK_SECRET]);
  const stage = await openStage({
    redisUrl: `redis://127.0.0.1:${line.port}`,
    senders: options.senders,
    webhooks: [{ url: sink.url, events: ['*'], secret: SINK_SECRET, allow_private: true }],
    env: { ...(kafka ? { KAFKA_BROKERS: kafka.brokers } : {}), ...options.env },
    ...(options.folder === undefined ? {} : { folder: options.folder }),
  });
  const members: Member[] = [];
  let closing = false;
  const keep = async (member: Member): Promise<void> => {
    while (!closing) {
      try {
        member.program = await stage.start(member.args, member.env, member.folder);
        await member.program.ended;
      } catch {
        // It could not start, because what it needs is away: again.
      }
      member.program = undefined;
    }
  };
  const port = options.onePort ? String(await freePort()) : undefined;
  const add = async (target: Target): Promise<void> => {
    const older = members.filter((member) => member.target === target).length % 2 === 1;
    const member: Member = {
      target,
      args: target === 'api' ? ['api'] : ['worker', target],
      env: target === 'api' && port !== undefined ? { PORT: port, PORT_SHARED: 'true' } : {},
      folder: older ? options.olderFolder : undefined,
    };
    members.push(member);
    void keep(member);
    await until(() => member.program, { what: `${target} has started`, timeoutMs: START_MS });
  };
  const parts: Target[] = ['api', 'api', 'intake', 'intake', 'receipts', 'notify', 'upkeep'];
  if (options.olderFolder !== undefined) parts.push('receipts', 'notify', 'upkeep');
  const all = [...parts, ...Array.from({ length: dispatchers }, (): Target => 'dispatch')];
  await Promise.all(all.map(add));
  const program = (target: Target, which: number): Program | undefined => {
    const own = members.filter((member) => member.target === target);
    return own[which % own.length]?.program;
  };
  const means: Means = { redis, line, kafka, program };
  return {
    stage,
    redis,
    sink,
    kafka,
    queued: () => countNow(redis, stage.namespace, 'n:q'),
    add,
    program,
    urls: () =>
      members.flatMap(({ target, program: running }) => {
        const found = target === 'api' ? running?.lines.map(event('api.listening')).find(Boolean) : undefined;
        return found ? [String(found.address)] : [];
      }),
    strike: async (fault) => {
      const { kind, target } = fault;
      const before = await countNow(redis, stage.namespace, 'n:s');
      const over = await begin(means, fault);
      const after = target === 'redis' ? before : await countNow(redis, stage.namespace, 'n:s');
      history.add('faults', { at: clock.now(), kind, target, sending: Math.max(before, after) });
      await over();
    },
    close: async () => {
      closing = true;
      await stage.close();
      await sink.close();
      await line.close();
      await kafka?.end();
      await redis.end();
    },
  };
}

interface Means {
  redis: OwnRedis;
  line: TcpProxy;
  kafka: KafkaProxy | undefined;
  program(target: Target, which: number): Program | undefined;
}

/** Begins it; the answer ends it. */
async function begin(means: Means, { kind, target, which, forMs }: Fault): Promise<() => Promise<void>> {
  if (target === 'redis') return beginRedis(means, kind, forMs);
  if (target === 'kafka') return beginKafka(means, kind, forMs);
  const struck = means.program(target, which);
  if (!struck) return async () => {};
  if (kind === 'kill') {
    struck.kill('SIGKILL');
    await struck.ended;
    return async () => {};
  }
  if (kind === 'restart') {
    struck.kill('SIGTERM');
    return async () => {
      const ended = await Promise.race([struck.ended, elapsed(PARTING_MS).then(() => 'late' as const)]);
      if (ended !== 0) throw new Error(`${target} ended with ${ended} after SIGTERM`);
    };
  }
  struck.kill('SIGSTOP');
  return async () => {
    await elapsed(forMs);
    struck.kill('SIGCONT');
  };
}

async function beginRedis({ redis, line }: Means, kind: Fault['kind'], forMs: number) {
  if (kind === 'kill') {
    await redis.kill();
    return () => redis.start();
  }
  if (kind === 'part') line.part();
  else redis.signal('SIGSTOP');
  return async () => {
    await elapsed(forMs);
    if (kind === 'part') line.heal();
    else redis.signal('SIGCONT');
  };
}

async function beginKafka({ kafka }: Means, kind: Fault['kind'], forMs: number) {
  if (kind === 'mute') kafka?.mute();
  else await kafka?.close();
  return async () => {
    await elapsed(forMs);
    await kafka?.heal();
  };
}

/** What the ledger counts under a field, over all open jobs: `n:s`, started and not settled; `n:q`, waiting. */
async function countNow({ redis }: OwnRedis, namespace: string, field: string): Promise<number> {
  const members = await redis.client.zrange(openJobsKey(namespace, 'acme'), '0', '-1');
  const counts = await Promise.all(
    members.map((member) => {
      const [job = '', home = ''] = String(member).split(' ');
      return redis.client.hget(jobRowKey(namespace, home, job), field);
    }),
  );
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

export function elapsed(ms: number): Promise<boolean> {
  const endsAt = performance.now() + ms;
  return until(() => performance.now() >= endsAt, { what: `${ms} ms gone by`, timeoutMs: ms + 5_000 });
}
