// `npm test [-- filter…]`: provides one real Redis and one real Kafka, runs every test against them, and ends with
// the line `N passed, N failed`. A file that does not load, an error outside of any test and a test that was left
// out all count as failed; so does a run without tests.
import { rm } from 'node:fs/promises';
import {
  type CliOptions,
  parseCLI,
  type Reporter,
  startVitest,
  type TestCase,
  type TestModule,
} from 'vitest/node';
import { provideKafka } from '../src/setup/kafka.ts';
import { SetupRefusal } from '../src/setup/program.ts';
import { provideRedis } from '../src/setup/redis.ts';
import { type Places, searchRun } from './support/canary-search.ts';
import { endLeftovers, markRun } from './support/leftovers.ts';
import { openRecord } from './support/run-record.ts';
import { until } from './support/until.ts';

interface Progress {
  /** Files of this run; unknown until it starts. */
  expected: number;
  ended: TestModule[];
  unhandled: string[];
  over: boolean;
}

interface Tally {
  passed: number;
  /** One line for each. */
  failed: string[];
}

/** Of canaries, that are told. */
const FINDINGS_MAX = 30;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof SetupRefusal ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Workers, sockets of a failed test, a half-open client: nothing may keep a finished run alive.
process.exit();

async function run(args: string[]): Promise<number> {
  const services = await Promise.allSettled([
    provideRedis({ docker: 'testcontainers' }),
    provideKafka({ docker: 'testcontainers' }),
  ]);
  const [redis, kafka] = services;
  try {
    if (redis.status === 'rejected') throw redis.reason;
    if (kafka.status === 'rejected') throw kafka.reason;
    process.stderr.write(`[test] Redis: ${redis.value.source}, Kafka: ${kafka.value.source}\n`);
    process.env.SLUICE_TEST_REDIS_URL = redis.value.url;
    process.env.SLUICE_TEST_KAFKA_BROKERS = kafka.value.brokers;
    const folder = openRecord();
    const tally = await runVitest(args);
    tally.failed.push(
      ...(await canaries({ folder, redisUrl: redis.value.url, brokers: kafka.value.brokers })),
    );
    return report(tally);
  } finally {
    await Promise.all(
      services.map((service) => (service.status === 'fulfilled' ? service.value.stop() : undefined)),
    );
  }
}

/** One line for each place where the run has left what should not be there. */
async function canaries(places: Places): Promise<string[]> {
  const beganMs = performance.now();
  try {
    const { found, looked } = await searchRun(places);
    const what = Object.entries(looked).map(([name, count]) => `${count} ${name}`);
    const tookS = ((performance.now() - beganMs) / 1_000).toFixed(1);
    process.stderr.write(`[test] canaries: searched ${what.join(', ')} in ${tookS} s\n`);
    return [...found].slice(0, FINDINGS_MAX).map((place) => `a canary got out: ${place}`);
  } catch (error) {
    return [`the search for canaries: ${String(error)}`];
  } finally {
    await rm(places.folder, { recursive: true, force: true });
  }
}

async function runVitest(args: string[]): Promise<Tally> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const progress: Progress = { expected: Number.POSITIVE_INFINITY, ended: [], unhandled: [], over: false };
  const fixed: CliOptions = {
    watch: false,
    passWithNoTests: true,
    reporters: ['default', following(progress)],
  };
  markRun();
  const running = startVitest(filter, { ...options, ...fixed })
    .then((vitest) => vitest.close())
    .finally(() => {
      progress.over = true;
    });
  const allEnded = () => progress.over || progress.ended.length >= progress.expected;
  running.catch(() => {}); // awaited below, when it is over
  await until(allEnded, { what: 'the last test', timeoutMs: Number.POSITIVE_INFINITY });
  const stuck = await unstick(progress);
  if (progress.over) await running;
  for (const command of endLeftovers())
    process.stderr.write(`[test] ended what a test left behind: ${command}\n`);
  return tallied(progress, stuck);
}

/** Every test has ended; what vitest may still wait for is the output of processes that a test forgot. */
async function unstick(progress: Progress): Promise<string[]> {
  const over = (timeoutMs: number) =>
    until(() => progress.over, { what: 'the end of the run', timeoutMs }).catch(() => false);
  if (await over(10_000)) return [];
  const forgotten = endLeftovers().map((command) => `a test left a process behind: ${command}`);
  if (await over(30_000)) return forgotten;
  return [...forgotten, 'vitest does not come to an end'];
}

function following(progress: Progress): Reporter {
  return {
    onTestRunStart(specifications) {
      progress.expected = specifications.length;
    },
    onTestModuleEnd(module) {
      progress.ended.push(module);
    },
    onTestRunEnd(modules, unhandled, reason) {
      progress.ended = [...modules];
      progress.unhandled = unhandled.map((error) => `outside of any test: ${error.message}`);
      if (reason === 'interrupted') progress.unhandled.push('the run was interrupted');
    },
  };
}

function tallied(progress: Progress, stuck: string[]): Tally {
  const tally: Tally = { passed: 0, failed: [...progress.unhandled, ...stuck] };
  for (const module of progress.ended) countModule(module, tally);
  return tally;
}

function countModule(module: TestModule, tally: Tally): void {
  for (const error of module.errors()) tally.failed.push(`${module.relativeModuleId}: ${error.message}`);
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors()) tally.failed.push(`${suite.fullName}: ${error.message}`);
  }
  for (const test of module.children.allTests()) countTest(test, module, tally);
}

function countTest(test: TestCase, module: TestModule, tally: Tally): void {
  const { state } = test.result();
  const name = `${module.relativeModuleId} > ${test.fullName}`;
  if (state === 'passed') tally.passed += 1;
  else if (state === 'failed') tally.failed.push(name);
  // A name pattern (-t) leaves tests out on purpose; everything else that did not run is a hole.
  else if (test.project.globalConfig.testNamePattern === undefined)
    tally.failed.push(`not run (${test.options.mode}): ${name}`);
}

function report({ passed, failed }: Tally): number {
  if (passed + failed.length === 0) failed.push('no test was found');
  for (const line of failed) process.stderr.write(`failed: ${line.split('\n')[0]}\n`);
  process.stdout.write(`${passed} passed, ${failed.length} failed\n`);
  return failed.length === 0 ? 0 : 1;
}
