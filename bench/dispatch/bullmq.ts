// The peer `bullmq`, a process: one job per message, one worker, the same calls. Its jobs keep the platform's id, as ours do.
import { Worker } from 'bullmq';
import { connectForQueue } from '../../src/base/redis.ts';
import { callsInFlight, createCalls, peerOptions } from './calls.ts';
import { type MessageJob, QUEUE } from './message-queue.ts';

const options = peerOptions();
const calls = createCalls(options);
const worker = new Worker<MessageJob, string>(
  QUEUE,
  ({ id, data }) => calls.send(data.sender, data.to, data.variables, `bench.${id}.1`),
  { connection: connectForQueue(options.redisUrl), prefix: options.prefix, concurrency: callsInFlight() },
);
worker.on('error', (error) => void process.stderr.write(`${error.message}\n`));
process.stdout.write('ready\n');

process.once('SIGTERM', () => {
  void worker.close().then(() => process.exit(0));
});
