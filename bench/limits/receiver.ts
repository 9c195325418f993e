// The receiver's own view: what arrived when, and the most that ever lay in one rolling window.

import { phoneNumberId } from '../sluice.ts';
import type { LaneCase } from './plan.ts';

const PAGE_ROWS = 10_000;
/** Slow enough for hundreds of connections. */
const WARM_LATENCY_MS = 100;

export interface NumberView {
  arrivals: number;
  repeats: number;
  /** By the window's length: "1000ms". */
  highest: Record<string, number>;
  violations: { total: number };
}

export interface Receiver {
  /** Tells it the limits and the latency of a sender. It counts what breaks them, and lets it through. */
  judge(sender: number, lane: LaneCase): Promise<void>;
  /** A sender without limits. */
  welcome(sender: number): Promise<void>;
  numbers(): Promise<Record<string, NumberView>>;
  /** The moments (unix ms, as exact as the receiver's monotonic clock) at which a sender's calls arrived. */
  arrivals(sender: number): Promise<number[]>;
}

export function createReceiver(url: string): Receiver {
  const ask = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
  return {
    judge: async (sender, { limit, latencyMs }) => {
      const windows = limit.windows.map(({ count, perMs }) => ({ count, per_ms: perMs }));
      const rules = { throughput: 'unlimited', windows, latency_ms: latencyMs, enforce: false };
      await ask('PUT', `/control/numbers/${phoneNumberId(sender)}`, rules);
    },
    welcome: async (sender) => {
      const rules = { throughput: 'unlimited', latency_ms: WARM_LATENCY_MS };
      await ask('PUT', `/control/numbers/${phoneNumberId(sender)}`, rules);
    },
    numbers: async () => (await ask<{ numbers: Record<string, NumberView> }>('GET', '/ledger')).numbers,
    arrivals: async (sender) => {
      const rows: { at_us: number; at: string }[] = [];
      for (let since: number | null = 0; since !== null; ) {
        const path = `/ledger/arrivals?number=${phoneNumberId(sender)}&limit=${PAGE_ROWS}&since=${since}`;
        const page: { arrivals: typeof rows; next_since: number | null } = await ask('GET', path);
        rows.push(...page.arrivals);
        since = page.next_since;
      }
      // `at` is cut to whole milliseconds, so the latest zero is the truest.
      const zeroMs = rows.reduce(
        (zero, { at, at_us }) => Math.max(zero, Date.parse(at) - at_us / 1_000),
        Number.NEGATIVE_INFINITY,
      );
      return rows.map(({ at_us }) => zeroMs + at_us / 1_000);
    },
  };
}
