// The demo from Redis to the verdict, in the order in which it happens. Every wait ends at once when the user stops it or a part of it dies.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Job } from '../../contract/job.ts';
import { provideKafka } from '../../setup/kafka.ts';
import { provideRedis } from '../../setup/redis.ts';
import { followJob } from '../client/follow.ts';
import { type Message, readRecipients } from '../recipients/messages.ts';
import { count } from '../terminal/amounts.ts';
import { createLiveLine, type Output } from '../terminal/live-line.ts';
import type { Style } from '../terminal/style.ts';
import type { Child } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import { deleteKeys } from './keys.ts';
import type { DemoOptions } from './options.ts';
import { type DemoNumber, type DemoSandbox, startSandbox } from './sandbox.ts';
import { type DemoService, SENDER, startService } from './service.ts';
import { judge, type Verdict, verdictLines } from './verdict.ts';

const THROUGHPUT = 80;
const LANGUAGE = 'en_US';
/** Wide enough for a Redis address of this machine. */
const NOTE_AT = 23;
const recipientsFile = path.resolve(import.meta.dirname, '../demo-recipients.csv');

export interface DemoContext {
  options: DemoOptions;
  clock: Clock;
  style: Style;
  output: Output;
  cleanup: Cleanup;
  folder: string;
  /** Rejects when the user stops the demo. */
  stopped: Promise<never>;
}

export interface Outcome {
  verdict: Verdict;
  /** Resolves never; rejects when the user stops the demo or a part of it dies. */
  over: Promise<never>;
}

export async function runDemo(context: DemoContext): Promise<Outcome> {
  const { clock, cleanup, folder, output, style } = context;
  const ends: Promise<never>[] = [context.stopped];
  const step = <T>(work: Promise<T>): Promise<T> => Promise.race([work, ...ends]);
  const onStart = (child: Child): void => {
    ends.push(child.failed);
    cleanup.add(child.logFile, child.stop);
  };
  const say = (label: string, text: string, note = ''): void =>
    void output.write(
      `  ${label.padEnd(9)} ${note ? `${text.padEnd(NOTE_AT)}  ${style.dim(note)}` : text}\n`,
    );

  const { messages } = readRecipients(await readFile(recipientsFile, 'utf8'));
  output.write(
    `\n${style.bold('Sluice demo')}: ${count(messages.length)} recipients, one bulk job, ${THROUGHPUT} messages a second\n\n`,
  );

  const namespace = `demo-${clock.randomHex(6)}`;
  const { redisUrl, kafkaBrokers } = await step(provideStores(context, namespace, say));
  const number = demoNumber(messages, clock);
  const sandbox = await step(
    startSandbox({ clock, number, logFile: path.join(folder, 'sandbox.log'), onStart }),
  );
  say('Sandbox', sandbox.url, 'the simulated platform');
  const service = await step(
    startService({
      ...{ clock, folder, namespace, redisUrl, kafkaBrokers, number, onStart },
      sandboxUrl: sandbox.url,
    }),
  );
  say('Service', service.url, `API and workers, ready in ${(service.readyMs / 1_000).toFixed(1)} s`);

  const job = await step(postJob(service, number, messages, clock));
  say('Job', job.id);
  output.write('\n');
  const ended = await step(follow(context, service, job));
  const verdict = await step(verdictOf(sandbox, number, messages, ended));
  sayVerdict(context, verdict);
  if (!context.options.exit) sayWhereToLook(context, service, sandbox, ended);
  return { verdict, over: step(new Promise<never>(() => {})) };
}

type Say = (label: string, text: string, note?: string) => void;

/** Both at once: on a bare machine each may take a minute. */
async function provideStores({ options, cleanup, clock }: DemoContext, namespace: string, say: Say) {
  const redis = provideRedis({ docker: 'compose' }).then((service) => {
    cleanup.add('Redis', service.stop);
    if (service.source === 'environment')
      cleanup.add(`the keys ${namespace}:*`, () => deleteKeys(service.url, namespace, clock));
    return service;
  });
  const kafka = options.kafka
    ? provideKafka({ docker: 'compose' }).then((service) => {
        cleanup.add('Kafka', service.stop);
        return service;
      })
    : undefined;
  const [{ url, source }, log] = await Promise.all([redis, kafka]);
  say('Redis', withoutPassword(url), originOf[source]);
  if (log) say('Kafka', log.brokers, originOf[log.source]);
  return { redisUrl: url, kafkaBrokers: log?.brokers };
}

const originOf = {
  environment: 'yours; the demo cleans up behind itself',
  docker: 'started on Docker, for this run',
  local: 'started on this machine, for this run',
};

const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//…@');

const demoNumber = (messages: readonly Message[], clock: Clock): DemoNumber => ({
  id: '106540352242922',
  accessToken: `demo-${clock.randomHex(12)}`,
  throughput: THROUGHPUT,
  template: { name: 'order_ready', language: LANGUAGE, params: messages[0]?.variables?.length ?? 0 },
});

async function postJob(
  { api }: DemoService,
  { template }: DemoNumber,
  messages: readonly Message[],
  clock: Clock,
): Promise<Job> {
  const body = {
    sender: SENDER,
    template: { name: template.name, language: template.language },
    category: 'utility' as const,
    messages: [...messages],
    metadata: { from: 'npm run demo' },
  };
  const headers = { 'idempotency-key': `demo-${clock.randomHex(12)}` };
  return (await api.sendBulk({ body, headers })).body.job;
}

async function follow({ output, style, clock, stopped }: DemoContext, { api }: DemoService, job: Job) {
  const line = createLiveLine(output, style, clock);
  const stop = new AbortController();
  stopped.catch(() => {
    stop.abort();
    line.end();
  });
  return followJob(job, { api, line, clock, signal: stop.signal });
}

async function verdictOf(
  sandbox: DemoSandbox,
  { id, throughput }: DemoNumber,
  messages: readonly Message[],
  job: Job,
): Promise<Verdict> {
  const [ledger, arrivals] = await Promise.all([sandbox.ledger(), sandbox.arrivals()]);
  return judge({ recipients: messages.map(({ to }) => to), number: id, throughput, ledger, arrivals, job });
}

function sayVerdict({ output, style }: DemoContext, verdict: Verdict): void {
  output.write(`\n${style.bold('What the sandbox received')}, by its own count\n\n`);
  output.write(`${verdictLines(verdict, style).join('\n')}\n\n`);
  output.write(
    verdict.good
      ? `${style.good('Every recipient got exactly one message, within every limit.')}\n`
      : `${style.bad('That is not as it should be.')}\n`,
  );
}

function sayWhereToLook(
  { output, style }: DemoContext,
  { url, apiKey }: DemoService,
  sandbox: DemoSandbox,
  job: Job,
): void {
  output.write(`
Everything is still up. In another terminal, in this folder:

  export SLUICE_URL=${url} SLUICE_API_KEY=${apiKey}
  export JOB=${job.id} AUTH="x-api-key: $SLUICE_API_KEY"
  curl -s $SLUICE_URL/readyz
  curl -s -H "$AUTH" $SLUICE_URL/v1/jobs/$JOB
  curl -s -H "$AUTH" "$SLUICE_URL/v1/jobs/$JOB/items?limit=3"
  curl -s ${sandbox.url}/ledger
  npm run -s sluice -- job $JOB

${style.dim('Ctrl-C ends it all.')}
`);
}
