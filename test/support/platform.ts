// The simulated platform as a process of its own, spoken to over HTTP with types written down here from the documents.
import { type Program, startProgram } from './program.ts';
import { until } from './until.ts';

export interface NumberReport {
  arrivals: number;
  taken: number;
  recipients: number;
  repeats: number;
  /** Most arrivals in any rolling window, by its length: "1000ms". */
  highest: Record<string, number>;
  span_ms: number | null;
}

export interface LedgerReport {
  totals: {
    arrivals: number;
    taken: number;
    answered_ok: number;
    refused: Record<string, number>;
    dropped_before: number;
    aborted: number;
    pending: number;
  };
  recipients: number;
  repeats: number;
  duplicate_attempts: number;
  violations: { total: number; throughput: number };
  numbers: Record<string, NumberReport>;
  accounts: Record<string, AccountReport>;
}

export interface AccountReport {
  templates_submitted: number;
  templates: number;
  highest_templates_per_hour: number;
  media_uploaded: number;
  media: number;
  highest_media_per_day: number;
  violations: number;
}

export interface Arrival {
  seq: number;
  at_us: number;
  at: string;
  number: string;
  to: string | null;
  outcome: string;
  taken: boolean;
}

export interface Fault {
  kind: 'drop_before' | 'throttle' | 'error' | 'drop_after' | 'error_after' | 'garbage' | 'slow';
  number?: string;
  rate?: number;
  seed?: number;
  count?: number;
  after?: number;
  code?: number;
  status?: number;
  delay_ms?: number;
}

/** What the platform has to say by webhook, and what of it was heard. */
export interface WebhookCounts {
  said: number;
  heard: number;
  given_up: number;
  posts: number;
  failed_posts: number;
  ends: { delivered: number; read: number; failed: number };
}

export interface SimulatedPlatform {
  url: string;
  program: Program;
  number(id: string, rules: Record<string, unknown>): Promise<void>;
  fault(fault: Fault): Promise<void>;
  /** A person writes to a number. */
  inbound(number: string, from: string, text?: string, count?: number): Promise<void>;
  /** The platform tells of a change of the account, in its own words. */
  change(number: string, field: string, value: Record<string, unknown>): Promise<void>;
  webhooks(): Promise<WebhookCounts>;
  /** Resolves when everything was said and heard. */
  allHeard(): Promise<WebhookCounts>;
  ledger(): Promise<LedgerReport>;
  /** Every row, in order of arrival. */
  arrivals(): Promise<Arrival[]>;
  close(): Promise<void>;
}

const PAGE_ROWS = 10_000;

export async function startPlatform(): Promise<SimulatedPlatform> {
  const program = startProgram('sandbox/main.ts', [], { SANDBOX_PORT: '0' });
  const url = await program.seen(
    'the sandbox listens',
    (line) => /sandbox listening on (\S+)/.exec(line)?.[1],
  );
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const webhooks = () => call<WebhookCounts>('GET', '/control/webhooks');
  return {
    url,
    program,
    number: async (id, rules) => void (await call('PUT', `/control/numbers/${id}`, rules)),
    fault: async (fault) => void (await call('POST', '/control/faults', fault)),
    inbound: async (number, from, text = 'Hello', count = 1) =>
      void (await call('POST', '/control/inbound', { number, from, text, count })),
    change: async (number, field, value) =>
      void (await call('POST', '/control/changes', { number, field, value })),
    webhooks,
    allHeard: () =>
      until(
        async () => {
          const counts = await webhooks();
          return counts.heard === counts.said ? counts : undefined;
        },
        { what: 'every webhook was heard', timeoutMs: 60_000 },
      ),
    ledger: () => call<LedgerReport>('GET', '/ledger'),
    arrivals: async () => {
      const rows: Arrival[] = [];
      for (let since: number | null = 0; since !== null; ) {
        const page: { arrivals: Arrival[]; next_since: number | null } = await call(
          'GET',
          `/ledger/arrivals?since=${since}&limit=${PAGE_ROWS}`,
        );
        rows.push(...page.arrivals);
        since = page.next_since;
      }
      return rows;
    },
    close: () => program.end(),
  };
}
