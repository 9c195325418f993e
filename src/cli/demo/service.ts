// The whole service as one child, from an environment and an accounts file made for this run.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { type Client, createClient } from '../../client/client.ts';
import { type Child, startChild } from './child.ts';
import { HOST, portNear } from './ports.ts';
import { type DemoNumber, MESSAGING_LIMIT } from './sandbox.ts';

const USUAL_PORT = 8080;
export const SENDER = 's1';

export interface ServiceOptions {
  clock: Clock;
  folder: string;
  namespace: string;
  redisUrl: string;
  /** Undefined: the log lives in Redis. */
  kafkaBrokers: string | undefined;
  sandboxUrl: string;
  number: DemoNumber;
  onStart: (child: Child) => void;
}

export interface DemoService {
  child: Child;
  api: Client;
  url: string;
  apiKey: string;
  readyMs: number;
}

export async function startService(options: ServiceOptions): Promise<DemoService> {
  const { clock, folder } = options;
  const startUs = clock.monotonicUs();
  const apiKey = `sk_demo_${clock.randomHex(16)}`;
  const accountsFile = path.join(folder, 'accounts.json');
  await writeFile(accountsFile, JSON.stringify(accountsOf(options, apiKey), null, 2), { mode: 0o600 });
  const port = await portNear(USUAL_PORT);
  const child = startChild({
    name: 'The service',
    args: ['workers/run.ts', 'start'],
    env: environmentOf(options, port, accountsFile),
    logFile: path.join(folder, 'service.log'),
    clock,
  });
  options.onStart(child);
  const url = `http://${HOST}:${port}`;
  await child.ready(`${url}/readyz`);
  const readyMs = (clock.monotonicUs() - startUs) / 1_000;
  return { child, api: createClient({ url, key: apiKey }), url, apiKey, readyMs };
}

/** What the user's own environment says about another installation does not count here. */
function environmentOf(
  { clock, namespace, redisUrl, kafkaBrokers }: ServiceOptions,
  port: number,
  accountsFile: string,
): Record<string, string | undefined> {
  return {
    REDIS_URL: redisUrl,
    KAFKA_BROKERS: kafkaBrokers,
    HOST,
    PORT: String(port),
    SLUICE_ACCOUNTS: accountsFile,
    SLUICE_SECRET: Buffer.from(clock.randomHex(32), 'hex').toString('base64'),
    SLUICE_NAMESPACE: namespace,
    SLUICE_ADMIN_KEY: undefined,
    HEALTH_PORT: undefined,
    LOG_LEVEL: 'info',
  };
}

function accountsOf({ sandboxUrl, number }: ServiceOptions, apiKey: string): object {
  const sender = {
    id: SENDER,
    platform: 'meta',
    portfolio: 'demo_portfolio',
    external_id: number.id,
    base_url: sandboxUrl,
    access_token: number.accessToken,
    throughput: number.throughput,
  };
  const workspace = {
    id: 'demo',
    plan: {},
    api_keys: [{ id: 'demo_live', secret: apiKey, scopes: ['*'] }],
    portfolios: [{ id: 'demo_portfolio', messaging_limit: MESSAGING_LIMIT }],
    senders: [sender],
  };
  return { workspaces: [workspace] };
}
