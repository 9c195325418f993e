// A whole Sluice for one test: a name space of its own, an accounts file, the simulated platform, and any set of its processes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ACCESS_TOKEN, APP_SECRET, ROOT_SECRET, VERIFY_TOKEN } from './canaries.ts';
import { API_KEY, type Client, createClient } from './client.ts';
import { type SimulatedPlatform, startPlatform } from './platform.ts';
import { event, type Program, startProgram } from './program.ts';
import { keepMetrics } from './run-record.ts';
import { freshNamespace, redisUrl } from './services.ts';

export interface SenderSetup {
  id: string;
  throughput: number;
  portfolio?: string;
  /** Of its templates. */
  account?: string;
}

export interface StageOptions {
  senders?: SenderSetup[];
  redisUrl?: string;
  /** Another copy of the sources. */
  folder?: string;
  /** As the accounts file has them. */
  webhooks?: Record<string, unknown>[];
  env?: Record<string, string>;
  /** Of the workspace; unlimited by default. */
  plan?: object;
}

export interface ApiProgram {
  program: Program;
  url: string;
  api: Client;
}

export interface Stage {
  namespace: string;
  /** The settings that its processes share. */
  env: Record<string, string>;
  platform: SimulatedPlatform;
  /** Lets the platform tell this API what becomes of a sender's messages, by these rules. */
  webhook(sender: string, apiUrl: string, rules?: Record<string, unknown>): Promise<void>;
  /** `start`, `api` or `worker NAME…`; resolves when it has started. */
  start(args: string[], env?: Record<string, string>, folder?: string): Promise<Program>;
  /** The same for a process that has the API. */
  serve(args: string[], env?: Record<string, string>): Promise<ApiProgram>;
  /** Everything in one process, and the process that keeps it. */
  keep(): Promise<Program>;
  /** Writes the accounts file anew, and tells the platform the new rates; a SIGHUP makes a process read it. */
  accounts(senders: SenderSetup[], also?: { platform: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** The platform knows a sender by this name. */
export const numberOf = (sender: string): string => `number-${sender}`;

/** Many start at once where a whole fleet is opened. */
const START_MS = 60_000;

export async function openStage({
  senders = [{ id: 's1', throughput: 1_000 }],
  redisUrl: url = redisUrl(),
  webhooks = [],
  env = {},
  plan = {},
  folder: sourceFolder,
}: StageOptions = {}): Promise<Stage> {
  const namespace = freshNamespace();
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-test-'));
  const file = path.join(folder, 'accounts.json');
  const platform = await startPlatform();
  const programs: Program[] = [];
  const urls: string[] = [];
  const accounts = async (list: SenderSetup[], also = { platform: true }): Promise<void> => {
    await writeFile(file, JSON.stringify(accountsOf(list, platform.url, { plan, webhooks })));
    if (!also.platform) return;
    for (const { id, throughput } of list) await platform.number(numberOf(id), { throughput });
  };
  await accounts(senders);
  const shared = {
    REDIS_URL: url,
    SLUICE_ACCOUNTS: file,
    SLUICE_NAMESPACE: namespace,
    SLUICE_SECRET: ROOT_SECRET,
    PORT: '0',
    LOG_LEVEL: 'info',
    MEDIA_FOLDER: path.join(folder, 'media'),
    ...env,
  };
  const start: Stage['start'] = async (args, more = {}, from = sourceFolder) => {
    const health = args[0] === 'worker' ? { HEALTH_PORT: '0' } : {};
    const program = startProgram('workers/run.ts', args, { ...shared, ...health, ...more }, from);
    programs.push(program);
    await program.seen('the process has started', event('process.started'), START_MS);
    for (const line of program.lines) {
      const { address } = event('health.listening')(line) ?? {};
      if (address) urls.push(String(address));
    }
    return program;
  };
  return {
    namespace,
    env: shared,
    platform,
    webhook: (sender, apiUrl, rules = {}) =>
      platform.number(numberOf(sender), {
        webhook: { url: `${apiUrl}/hooks/meta/${sender}`, app_secret: APP_SECRET, ...rules },
      }),
    start,
    keep: async () => {
      const program = startProgram('workers/keep.ts', [], shared);
      programs.push(program);
      return program;
    },
    serve: async (args, more) => {
      const program = await start(args, more);
      const { address } = await program.seen('the API listens', event('api.listening'));
      urls.push(String(address));
      return { program, url: String(address), api: createClient(String(address)) };
    },
    accounts,
    close: async () => {
      await Promise.all(urls.map(keepMetrics));
      await Promise.all([...programs, platform.program].map((program) => program.end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A stage with the whole service in one process, open while the tests of the calling file run. */
export function servedStage(options: StageOptions = {}): {
  readonly stage: Stage;
  readonly service: ApiProgram;
} {
  const served = {} as { stage: Stage; service: ApiProgram };
  beforeAll(async () => {
    served.stage = await openStage(options);
    served.service = await served.stage.serve(['start']);
  });
  afterAll(() => served.stage?.close());
  return served;
}

const accountsOf = (senders: SenderSetup[], platformUrl: string, also: object): object => ({
  workspaces: [
    {
      id: 'acme',
      ...also,
      api_keys: [{ id: 'acme_live', secret: API_KEY }],
      portfolios: [...new Set(senders.flatMap(({ portfolio }) => portfolio ?? []))].map((id) => ({ id })),
      senders: senders.map(({ id, throughput, portfolio, account }) => ({
        id,
        platform: 'meta',
        external_id: numberOf(id),
        base_url: platformUrl,
        access_token: ACCESS_TOKEN,
        app_secret: APP_SECRET,
        verify_token: VERIFY_TOKEN,
        throughput,
        ...(portfolio ? { portfolio } : {}),
        ...(account ? { account_id: account } : {}),
      })),
    },
  ],
});
