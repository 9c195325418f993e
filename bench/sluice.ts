// Sluice as it runs: API, intake, upkeep and dispatch as processes on a name space of their own, filled through the real API.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CONTENT, type Message } from './payloads.ts';
import { cpuSecondsOf, type Program, startProgram } from './processes.ts';

/** So high that it never binds: what is measured is the machinery. */
const THROUGHPUT = 10_000;
const LOOK_MS = 50;
const API_KEY = 'sk_live_benchmarks_0123456789abcdef0123456789';

export interface SluiceOptions {
  redisUrl: string;
  /** Undefined: the log is in Redis. */
  brokers: string | undefined;
  senders: number;
  /** Where the calls go. */
  platformUrl: string;
  /** The processes beside the API. */
  workers: readonly ('intake' | 'upkeep')[];
  /** What a sender has other than its throughput of 10,000/s, as in the accounts file. */
  settingsOf?: (sender: number) => Record<string, unknown>;
}

export interface Sluice {
  namespace: string;
  apiUrl: string;
  apiPid: number;
  /** Posts one job, with more fields if given; its id once it is answered with 202. */
  post(sender: number, messages: readonly Message[], more?: Record<string, unknown>): Promise<string>;
  /** Waits until each of the jobs has one of the statuses. */
  reach(jobs: readonly string[], statuses: readonly string[], patienceMs: number): Promise<void>;
  /** Counts of one job. */
  counts(job: string): Promise<Record<string, number>>;
  /** CPU seconds of everything but dispatch. */
  cpuBeside(): number | undefined;
  startDispatch(env?: Record<string, string>): Promise<Program>;
  stop(): Promise<void>;
}

interface Job {
  id: string;
  status: string;
  counts: Record<string, number>;
}

const senderId = (sender: number): string => `s${sender}`;
export const phoneNumberId = (sender: number): string => `10${String(sender).padStart(6, '0')}`;
export const bulkBodyOf = (
  sender: number,
  messages: readonly Message[],
  more: Record<string, unknown> = {},
): string => JSON.stringify({ sender: senderId(sender), ...CONTENT, category: 'utility', messages, ...more });

export async function startSluice(options: SluiceOptions): Promise<Sluice> {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
  const env = environmentOf(options, namespace, folder);
  const programs: Program[] = [];
  const start = (args: string[], more: Record<string, string> = {}): Program => {
    const program = startProgram(['workers/run.ts', ...args], { ...env, ...more });
    programs.push(program);
    return program;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const api = start(['api']);
    const apiUrl = (await api.says(/"address":"([^"]+)"/))[1] ?? '';
    if (options.workers.length > 0) await start(['worker', ...options.workers]).says(/process\.started/);
    const beside = programs.map(({ pid }) => pid);
    return {
      namespace,
      apiUrl,
      apiPid: api.pid,
      ...callsOf(apiUrl),
      cpuBeside: () => sumOf(beside.map(cpuSecondsOf)),
      startDispatch: async (more) => {
        const dispatch = start(['worker', 'dispatch'], more);
        await dispatch.says(/process\.started/);
        return dispatch;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const sumOf = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value), 0);

function environmentOf(options: SluiceOptions, namespace: string, folder: string): Record<string, string> {
  const accounts = path.join(folder, 'accounts.json');
  writeFileSync(accounts, JSON.stringify(accountsOf(options)));
  return {
    REDIS_URL: options.redisUrl,
    KAFKA_BROKERS: options.brokers ?? '',
    HOST: '127.0.0.1',
    PORT: '0',
    SLUICE_ACCOUNTS: accounts,
    SLUICE_SECRET: randomBytes(32).toString('base64'),
    SLUICE_NAMESPACE: namespace,
    LOG_LEVEL: 'info',
  };
}

/** Senders without a portfolio: each is a home of its own. */
const accountsOf = ({ senders, platformUrl, settingsOf }: SluiceOptions) => ({
  workspaces: [
    {
      id: 'bench',
      plan: {},
      api_keys: [{ id: 'bench', secret: API_KEY, environment: 'live', scopes: ['*'] }],
      senders: Array.from({ length: senders }, (_, sender) => ({
        id: senderId(sender),
        platform: 'meta',
        external_id: phoneNumberId(sender),
        base_url: platformUrl,
        access_token: 'bench-access-token',
        throughput: THROUGHPUT,
        ...settingsOf?.(sender),
      })),
    },
  ],
});

function callsOf(apiUrl: string): Pick<Sluice, 'post' | 'reach' | 'counts'> {
  const jobOf = async (id: string): Promise<Job> => {
    const answer = await fetch(`${apiUrl}/v1/jobs/${id}`, { headers: authorization });
    if (!answer.ok) throw new Error(`GET /v1/jobs: ${answer.status} ${await answer.text()}`);
    return unwrapped(await answer.json());
  };
  return {
    post: async (sender, messages, more) => {
      const answer = await postBulk(apiUrl, bulkBodyOf(sender, messages, more));
      return unwrapped(answer).id;
    },
    reach: async (jobs, statuses, patienceMs) => {
      const giveUpAt = performance.now() + patienceMs;
      for (const id of jobs) {
        for (;;) {
          const job = await jobOf(id);
          if (statuses.includes(job.status)) break;
          if (performance.now() > giveUpAt)
            throw new Error(`job ${id} is ${job.status}: ${JSON.stringify(job.counts)}`);
          await wait(LOOK_MS);
        }
      }
    },
    counts: async (id) => (await jobOf(id)).counts,
  };
}

export const authorization = { authorization: `Bearer ${API_KEY}` };

/** One bulk job with a key of its own; its answer once that is 202. */
export async function postBulk(apiUrl: string, body: string | Buffer): Promise<unknown> {
  const headers = {
    ...authorization,
    'content-type': 'application/json',
    'idempotency-key': randomBytes(8).toString('hex'),
  };
  const answer = await fetch(`${apiUrl}/v1/messages/bulk`, { method: 'POST', headers, body });
  if (answer.status !== 202) throw new Error(`POST: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

function unwrapped(answer: unknown): Job {
  const body = answer as { job?: Job; data?: Job };
  return body.job ?? body.data ?? (answer as Job);
}
