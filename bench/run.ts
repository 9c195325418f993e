// `npm run bench [-- name… --only contestant,… --rounds n --per-sender n --full]`: every benchmark beside its peers, in the same run.
// Prints one table and writes bench/results/*.json (not when the run was shortened). Ends with status 1 when a count was not exact.
import { parseArgs } from 'node:util';
import { images } from '../src/setup/docker.ts';
import { type KafkaService, provideKafka } from '../src/setup/kafka.ts';
import { onPath } from '../src/setup/program.ts';
import { provideRedis } from '../src/setup/redis.ts';
import { accept } from './accept/accept.ts';
import type { Bench, BenchOptions } from './bench.ts';
import { dispatch } from './dispatch/dispatch.ts';
import { limits } from './limits/limits.ts';
import { type Machine, machineOf } from './machine.ts';
import { many } from './many/many.ts';
import { memory } from './memory/memory.ts';
import { waiting } from './memory/waiting.ts';
import { killPrograms } from './processes.ts';
import { openRedis } from './redis.ts';
import { keep, type Report, tableOf } from './report.ts';
import { uploads } from './uploads/uploads.ts';

const BENCHES: readonly Bench[] = [dispatch, many, accept, memory, waiting, uploads, limits];

const say = (line: string): void => void process.stderr.write(`[bench] ${line}\n`);

// A container's port is served through one more process, whose work would be counted against whoever uses Redis most.
if (onPath('redis-server') && onPath('java')) process.env.SLUICE_NO_DOCKER ??= '1';

process.on('exit', killPrograms);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// A half-open client may not keep a finished run alive.
process.exit();

async function main(args: string[]): Promise<number> {
  const { names, options } = readArguments(args);
  const benches = BENCHES.filter(({ name }) => names.length === 0 || names.includes(name));
  if (benches.length === 0)
    throw new Error(`the benchmarks are: ${BENCHES.map(({ name }) => name).join(', ')}`);
  const redisService = await provideRedis({ docker: 'testcontainers' });
  let kafka: Promise<KafkaService> | undefined;
  const brokers = async (): Promise<string> => {
    kafka ??= provideKafka({ docker: 'testcontainers' });
    return (await kafka).brokers;
  };
  try {
    const redis = await openRedis(redisService.url);
    const reports: Report[] = [];
    for (const bench of benches)
      reports.push(await bench.run({ redisUrl: redisService.url, redis, brokers, options, say }));
    const machine = machineOf(redis.version, kafkaVersion(await kafka));
    redis.close();
    const { full: _whole, ...shortened } = options;
    if (Object.keys(shortened).length === 0) for (const report of reports) keep(report, machine);
    return print(reports, machine);
  } finally {
    await Promise.allSettled([redisService.stop(), kafka?.then((service) => service.stop())]);
  }
}

/** The versions of our own images and of our local broker are one; another's does not say. */
function kafkaVersion(service: KafkaService | undefined): string {
  if (!service) return 'not used';
  return service.source === 'environment' ? 'from KAFKA_BROKERS' : (images.kafka.split(':')[1] ?? '');
}

function readArguments(args: string[]): { names: string[]; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      'per-sender': { type: 'string' },
      full: { type: 'boolean' },
    },
  });
  const options: BenchOptions = {};
  if (values.only) options.only = values.only.split(',');
  if (values.rounds) options.rounds = Number(values.rounds);
  if (values['per-sender']) options.perSender = Number(values['per-sender']);
  if (values.full) options.full = true;
  return { names: positionals, options };
}

function print(reports: readonly Report[], machine: Machine): number {
  process.stdout.write(`\n${tableOf(reports)}\n\n`);
  const { cpu, cores, os, node, redis, kafka, date } = machine;
  process.stdout.write(
    `${cpu}, ${cores} cores, ${os}, Node ${node}, Redis ${redis}, Kafka ${kafka}, ${date}\n`,
  );
  const faults = reports.flatMap((report) => report.faults.map((fault) => `${report.benchmark}: ${fault}`));
  for (const fault of faults) process.stdout.write(`not exact: ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}
