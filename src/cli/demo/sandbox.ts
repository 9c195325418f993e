// The simulated platform of the demo: a program of its own, told once what its number may do, asked at the end what it received.
import type { Clock } from '../../base/clock.ts';
import { type Child, startChild } from './child.ts';
import { HOST, portNear } from './ports.ts';
import type { Arrival, LedgerReport } from './verdict.ts';

const USUAL_PORT = 9100;
const PORTFOLIO = 'demo_portfolio';
const LATENCY_MS = { min: 1, max: 5 };
/** Meta's smallest tier above the first. */
export const MESSAGING_LIMIT = 2_000;
const PAGE = 10_000;

/** The number at the platform that the demo sends from. */
export interface DemoNumber {
  id: string;
  accessToken: string;
  throughput: number;
  template: { name: string; language: string; params: number };
}

export interface DemoSandbox {
  child: Child;
  url: string;
  ledger(): Promise<LedgerReport>;
  arrivals(): Promise<Arrival[]>;
}

export interface StartOptions {
  clock: Clock;
  logFile: string;
  number: DemoNumber;
  /** Called as soon as there is something to end. */
  onStart: (child: Child) => void;
}

export async function startSandbox({ clock, logFile, number, onStart }: StartOptions): Promise<DemoSandbox> {
  const port = await portNear(USUAL_PORT);
  const env = { SANDBOX_HOST: HOST, SANDBOX_PORT: String(port) };
  const child = startChild({ name: 'The sandbox', args: ['sandbox/main.ts'], env, logFile, clock });
  onStart(child);
  const url = `http://${HOST}:${port}`;
  await child.ready(`${url}/healthz`);
  await put(url, '/control/settings', { strict: true });
  await put(url, `/control/portfolios/${PORTFOLIO}`, { limit: MESSAGING_LIMIT });
  await put(url, `/control/numbers/${number.id}`, {
    throughput: number.throughput,
    portfolio: PORTFOLIO,
    token: number.accessToken,
    latency_ms: LATENCY_MS,
    templates: [number.template],
  });
  return {
    child,
    url,
    ledger: () => get<LedgerReport>(url, '/ledger'),
    arrivals: async () =>
      (await get<{ arrivals: Arrival[] }>(url, `/ledger/arrivals?limit=${PAGE}`)).arrivals,
  };
}

const CALL_MAX_MS = 30_000;

async function get<T>(url: string, path: string, request: RequestInit = {}): Promise<T> {
  const answer = await fetch(url + path, { ...request, signal: AbortSignal.timeout(CALL_MAX_MS) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The sandbox answers ${path} with ${answer.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as T;
}

const put = (url: string, path: string, body: unknown): Promise<unknown> =>
  get(url, path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
