// A dispatch process with ten thousand lanes that are held by their limits: what it costs when nothing is due, and how soon work of a lane that
// slept is at the platform.
import { setTimeout as wait } from 'node:timers/promises';
import type { Setting } from '../bench.ts';
import type { Downstream } from '../downstream.ts';
import { messagesOf } from '../payloads.ts';
import { cpuSecondsOf } from '../processes.ts';
import { phoneNumberId, startSluice } from '../sluice.ts';
import { arrivalsOf } from './fairness.ts';
import { fill } from './fill.ts';

/** Held lanes have one call in an hour, and two messages each. */
const HELD_LIMIT = { name: 'hour', count: 1, per: '1h' };
const PER_HELD = 2;
/** Senders without that limit, one job each: their lanes have never been used. */
const IDLE = 200;
const SETTLE_MS = 8_000;
const REST_MS = 20_000;
const GAP_MS = 50;
const PATIENCE_MS = 400_000;

export interface Rest {
  /** CPU of the dispatch process, of upkeep and its neighbours, and of Redis, while nothing is due. */
  dispatchCores: number;
  besideCores: number | undefined;
  redisCores: number;
  /** From the answer 202 to the arrival at the platform. */
  p50Ms: number;
  p95Ms: number;
  /** From the request to the arrival. */
  wholeP50Ms: number;
  wholeP95Ms: number;
  faults: string[];
}

export async function atRest(setting: Setting, downstream: Downstream, held: number): Promise<Rest> {
  await downstream.reset();
  const sluice = await startSluice({
    redisUrl: setting.redisUrl,
    brokers: undefined,
    senders: held + IDLE,
    platformUrl: downstream.url,
    workers: ['intake', 'upkeep'],
    settingsOf: (sender) => (sender < held ? { limits: [HELD_LIMIT] } : {}),
  });
  try {
    const dispatch = await sluice.startDispatch();
    await fill(sluice, { jobs: held, senders: held, perJob: PER_HELD });
    await downstream.measure(held, {}, PATIENCE_MS);
    await wait(SETTLE_MS);
    const read = async () => ({
      dispatch: cpuSecondsOf(dispatch.pid) ?? Number.NaN,
      beside: sluice.cpuBeside() ?? Number.NaN,
      redis: await setting.redis.cpuSeconds(),
      us: performance.now() * 1_000,
    });
    const before = await read();
    await wait(REST_MS);
    const after = await read();
    const seconds = (after.us - before.us) / 1_000_000;
    const waits = await wakeUps(sluice.post, downstream.url, held);
    const faults = await downstream.faults(held + IDLE);
    const rest = {
      dispatchCores: (after.dispatch - before.dispatch) / seconds,
      besideCores: (after.beside - before.beside) / seconds,
      redisCores: (after.redis - before.redis) / seconds,
      p50Ms: at(waits.accepted, 0.5),
      p95Ms: at(waits.accepted, 0.95),
      wholeP50Ms: at(waits.whole, 0.5),
      wholeP95Ms: at(waits.whole, 0.95),
      faults,
    };
    setting.say(`many at rest: ${JSON.stringify(rest)}`);
    return rest;
  } finally {
    await sluice.stop();
    await setting.redis.clear(sluice.namespace);
  }
}

type Post = (sender: number, messages: ReturnType<typeof messagesOf>) => Promise<string>;

/** One message to each sender that has had none, one after the other. Arrivals are stamped by the sandbox, on this machine's clock. */
async function wakeUps(
  post: Post,
  url: string,
  first: number,
): Promise<{ accepted: number[]; whole: number[] }> {
  const posted = new Map<string, { askedMs: number; acceptedMs: number }>();
  for (let sender = first; sender < first + IDLE; sender++) {
    const askedMs = Date.now();
    await post(sender, messagesOf(sender, 0, 1));
    posted.set(phoneNumberId(sender), { askedMs, acceptedMs: Date.now() });
    await wait(GAP_MS);
  }
  await wait(GAP_MS * 10);
  const accepted: number[] = [];
  const whole: number[] = [];
  for await (const page of arrivalsOf(url))
    for (const { number, at: stamp } of page) {
      const times = posted.get(number);
      if (!times) continue;
      accepted.push(Math.max(0, Date.parse(stamp) - times.acceptedMs));
      whole.push(Date.parse(stamp) - times.askedMs);
    }
  return { accepted, whole };
}

function at(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
