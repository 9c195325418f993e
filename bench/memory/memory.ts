// Bytes of Redis per recipient, queued and finished, beside one BullMQ job per message with the same payload.
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench, Setting } from '../bench.ts';
import type { PeerOptions } from '../dispatch/calls.ts';
import { openMessageQueue } from '../dispatch/message-queue.ts';
import { type Downstream, startDownstream } from '../downstream.ts';
import { messagesOf } from '../payloads.ts';
import { startProgram } from '../processes.ts';
import { fieldOf } from '../redis.ts';
import type { Line, Report } from '../report.ts';
import { startSluice } from '../sluice.ts';

const SENDERS = 50;
const PER_SENDER = 2_000;
const PATIENCE_MS = 120_000;
const LOOK_MS = 500;
/** Whom a number wrote to is remembered for six seconds, and two more. */
const PAIRS_MS = 8_500;
/** Trimming and folding go on for a moment after the last outcome. */
const STILL_LOOKS = 3;

/** Bytes per recipient, by two scales. */
interface Bytes {
  /** MEMORY USAGE of every key of the name space. */
  keys: number;
  /** What INFO's used_memory grew by since the name space was empty: also holds buffers of connections. */
  server: number;
}

interface Result {
  queued: Bytes;
  finished: Bytes;
  faults: string[];
}

export const memory: Bench = {
  name: 'memory',
  run: async (setting) => {
    const { perSender = PER_SENDER } = setting.options;
    const downstream = await startDownstream();
    try {
      const sluice = await ofSluice(setting, downstream, perSender);
      setting.say(`memory redis  ${JSON.stringify(sluice)}`);
      const bullmq = await ofBullmq(setting, downstream, perSender);
      setting.say(`memory bullmq ${JSON.stringify(bullmq)}`);
      const report = reportOf(sluice, bullmq, perSender);
      await downstream.reset();
      if (!(await downstream.idsAreRandom()))
        report.faults.push("the sandbox's ids count upwards: `finished` is too small");
      return report;
    } finally {
      await downstream.stop();
    }
  },
};

async function ofSluice(setting: Setting, downstream: Downstream, perSender: number): Promise<Result> {
  await downstream.reset();
  const total = SENDERS * perSender;
  const sluice = await startSluice({
    redisUrl: setting.redisUrl,
    brokers: undefined,
    senders: SENDERS,
    platformUrl: downstream.url,
    workers: ['intake', 'upkeep'],
  });
  try {
    const scale = await scaleOf(setting, sluice.namespace, total);
    const jobs: string[] = [];
    for (let sender = 0; sender < SENDERS; sender++)
      jobs.push(await sluice.post(sender, messagesOf(sender, 0, perSender)));
    await sluice.reach(jobs, ['queued'], PATIENCE_MS);
    const queued = await atRest(scale);
    await sluice.startDispatch();
    await downstream.measure(total, {}, PATIENCE_MS);
    await sluice.reach(jobs, ['completed'], PATIENCE_MS);
    await wait(PAIRS_MS);
    const finished = await atRest(scale);
    return { queued, finished, faults: await downstream.faults(total) };
  } finally {
    await sluice.stop();
    await setting.redis.clear(sluice.namespace);
  }
}

async function ofBullmq(setting: Setting, downstream: Downstream, perSender: number): Promise<Result> {
  await downstream.reset();
  const total = SENDERS * perSender;
  const name = `bench-${randomBytes(4).toString('hex')}`;
  const prefix = `{${name}-queue}`;
  const queue = openMessageQueue(setting.redisUrl, prefix);
  try {
    const scale = await scaleOf(setting, name, total);
    await queue.fill(SENDERS, perSender);
    const queued = await atRest(scale);
    const options: PeerOptions = {
      platformUrl: downstream.url,
      senders: SENDERS,
      perSender,
      redisUrl: setting.redisUrl,
      prefix,
    };
    const worker = startProgram(['bench/dispatch/bullmq.ts', JSON.stringify(options)], {});
    await downstream.measure(total, {}, PATIENCE_MS).finally(() => worker.stop());
    const finished = await atRest(scale);
    return { queued, finished, faults: await downstream.faults(total) };
  } finally {
    await queue.close();
    await setting.redis.clear(name);
  }
}

type Scale = () => Promise<Bytes>;

async function scaleOf({ redis }: Setting, name: string, recipients: number): Promise<Scale> {
  const used = async (): Promise<number> => Number(fieldOf(await redis.client.info('memory'), 'used_memory'));
  const empty = await used();
  return async () => ({
    keys: (await redis.bytes(name)) / recipients,
    server: ((await used()) - empty) / recipients,
  });
}

/** The weight once it no longer falls. */
async function atRest(scale: Scale): Promise<Bytes> {
  let lightest = await scale();
  for (let still = 0; still < STILL_LOOKS; ) {
    await wait(LOOK_MS);
    const now = await scale();
    still = now.keys < lightest.keys ? 0 : still + 1;
    lightest = now;
  }
  return lightest;
}

function reportOf(sluice: Result, bullmq: Result, perSender: number): Report {
  const line = (state: 'queued' | 'finished', atMost: number): Line => ({
    what: `Redis per ${state} recipient`,
    unit: 'B',
    ours: sluice[state].keys,
    peer: { name: 'bullmq', value: bullmq[state].keys },
    target: { atMost },
  });
  return {
    benchmark: 'memory',
    setting: `${SENDERS} senders × ${perSender} recipients; MEMORY USAGE of all keys, log trimmed; finished: with the provider's id`,
    lines: [line('queued', 40), line('finished', 85)],
    details: { sluice, bullmq },
    faults: [...sluice.faults, ...bullmq.faults],
  };
}
