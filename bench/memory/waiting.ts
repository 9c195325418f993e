// Bytes of Redis per recipient when a million of them wait for the end of quiet hours, each by the clock of their own country.
import { setTimeout as wait } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { startDownstream } from '../downstream.ts';
import { messagesOf } from '../payloads.ts';
import { startSluice } from '../sluice.ts';

const SENDERS = 50;
const PER_SENDER = 20_000;
const PER_POST = 10_000;
const PATIENCE_MS = 300_000;
const LOOK_MS = 500;
/** Trimming of the log goes on for a moment. */
const STILL_LOOKS = 3;
const MAX_BYTES = 60;
/** Every tenth number is Japanese, every tenth American: three sets of zones, mixed. */
const PREFIXES = [
  '+49151',
  '+49151',
  '+8190',
  '+49151',
  '+1650',
  '+49151',
  '+49151',
  '+49151',
  '+49151',
  '+49151',
];

export const waiting: Bench = {
  name: 'waiting',
  run: async ({ redisUrl, redis, options, say }) => {
    const { perSender = PER_SENDER } = options;
    const downstream = await startDownstream();
    const sluice = await startSluice({
      redisUrl,
      brokers: undefined,
      senders: SENDERS,
      platformUrl: downstream.url,
      workers: ['intake', 'upkeep'],
    });
    try {
      await sluice.startDispatch();
      const jobs: string[] = [];
      for (let sender = 0; sender < SENDERS; sender++)
        for (let from = 0; from < perSender; from += PER_POST)
          jobs.push(
            await sluice.post(sender, mixed(sender, from, Math.min(PER_POST, perSender - from)), WHOLE_DAY),
          );
      await sluice.reach(jobs, ['queued'], PATIENCE_MS);
      const total = SENDERS * perSender;
      let bytes = (await redis.bytes(sluice.namespace)) / total;
      for (let still = 0; still < STILL_LOOKS; ) {
        await wait(LOOK_MS);
        const now = (await redis.bytes(sluice.namespace)) / total;
        still = now < bytes ? 0 : still + 1;
        bytes = Math.min(bytes, now);
      }
      say(`waiting: ${bytes.toFixed(1)} bytes for each of ${total}`);
      return {
        benchmark: 'waiting',
        setting: `${SENDERS} senders × ${perSender} recipients in quiet hours of three countries; MEMORY USAGE of all keys, log trimmed`,
        lines: [
          {
            what: 'Redis per recipient that waits for quiet hours',
            unit: 'B',
            ours: bytes,
            target: { atMost: MAX_BYTES },
          },
        ],
        details: { jobs: jobs.length },
        faults: [],
      };
    } finally {
      await sluice.stop();
      await redis.clear(sluice.namespace);
      await downstream.stop();
    }
  },
};

const mixed = (sender: number, from: number, count: number) =>
  messagesOf(sender, from, count).map((message, i) => ({
    ...message,
    to: message.to.replace('+49151', PREFIXES[(from + i) % PREFIXES.length] ?? ''),
  }));

/** Quiet but for one minute, which is another in each zone of the world. */
const WHOLE_DAY = { quiet_hours: { from: '00:01', to: '00:00', time_zone: 'recipient' } };
