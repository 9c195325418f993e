// The API as a customer's program sees it: plain HTTP, with types written down here from the contract.
import { randomUUID } from 'node:crypto';
import { until } from './until.ts';

export const API_KEY = 'sk_live_0123456789abcdef0123456789abcdef';

export interface JobView {
  id: string;
  status: string;
  created_at: string;
  updated_at: string;
  counts: Record<
    | 'total'
    | 'queued'
    | 'sending'
    | 'accepted'
    | 'delivered'
    | 'read'
    | 'failed'
    | 'unknown'
    | 'canceled'
    | 'expired'
    | 'suppressed',
    number
  >;
  progress: number;
  eta: { finish_at: string; p90: string } | null;
  hold: HoldView | null;
}

export interface HoldView {
  limit: string;
  scope: string;
  until: string | null;
  message: string;
}

export interface ItemView {
  index: number;
  to: string;
  reference: string | null;
  status: string;
  attempts: number;
  provider_id: string | null;
  error: { code: string; message: string } | null;
  hold: HoldView | null;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: { job?: JobView; error?: { code: string }; rejected?: unknown[] };
}

export interface ActAnswer {
  status: number;
  body: {
    job?: JobView;
    left?: number;
    retried?: number;
    remaining?: number;
    unreadable?: number;
    error?: { code: string; message: string };
  };
}

export interface Client {
  get<T>(path: string): Promise<T>;
  /** Changes an object, and gives it as it is then. */
  patch<T>(path: string, body: unknown): Promise<T>;
  /** Does something to a job, `pause` for example; gives the answer as it is. */
  act(job: string, action: string, body?: unknown): Promise<ActAnswer>;
  post(body: unknown, key?: string): Promise<Answer>;
  /** Posts to another route; gives the answer as it is. */
  postTo(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Posts, again with the same key while the answer is 503 or 409, as the contract asks, and gives the job. */
  send(body: unknown, key?: string): Promise<JobView>;
  plan(body: unknown): Promise<{ finish_at: string | null }>;
  job(id: string): Promise<JobView>;
  /** Every item, over all pages. */
  items(id: string, status?: string): Promise<ItemView[]>;
  completed(id: string, timeoutMs?: number): Promise<JobView>;
}

export function createClient(url: string): Client {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${API_KEY}` } });
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const post = async (body: unknown, key: string = randomUUID()): Promise<Answer> => {
    const response = await fetch(`${url}/v1/messages/bulk`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${API_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Answer['body'],
    };
  };
  const job = (id: string): Promise<JobView> => get(`/v1/jobs/${id}`);
  return {
    get,
    patch: async <T>(path: string, body: unknown): Promise<T> => {
      const response = await fetch(url + path, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`PATCH ${path}: ${response.status} ${text}`);
      return JSON.parse(text) as T;
    },
    act: async (id, action, body) => {
      const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
      const response = await fetch(`${url}/v1/jobs/${id}/${action}`, {
        method: 'POST',
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as ActAnswer['body'] };
    },
    plan: async (body) => {
      const response = await fetch(`${url}/v1/jobs/plan`, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as { finish_at: string | null };
    },
    post,
    postTo: async (path, body) => {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    job,
    send: (body, key = randomUUID()) =>
      until(
        async () => {
          const answer = await post(body, key);
          if (answer.status === 202) return answer.body.job;
          if (answer.status === 503 || answer.status === 409) return undefined;
          throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
        },
        { what: 'the job is accepted' },
      ),
    items: async (id, status) => {
      const rows: ItemView[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query = new URLSearchParams({
          limit: '1000',
          ...(status ? { status } : {}),
          ...(cursor ? { cursor } : {}),
        });
        const page: { data: ItemView[]; next_cursor: string | null } = await get(
          `/v1/jobs/${id}/items?${query}`,
        );
        rows.push(...page.data);
        cursor = page.next_cursor;
      }
      return rows;
    },
    completed: async (id, timeoutMs = 30_000) => {
      let last: JobView | undefined;
      const look = async () => {
        last = await job(id);
        return last.status === 'completed' ? last : undefined;
      };
      try {
        return await until(look, { what: `${id} completes`, timeoutMs });
      } catch (error) {
        throw new Error(`not completed: ${JSON.stringify(last)}`, { cause: error });
      }
    },
  };
}

/** A bulk body whose recipients are `first`, `first + 1`, …; no two texts alike. */
export const bulk = (
  count: number,
  over: Record<string, unknown> = {},
  first = 2_000_000,
): Record<string, unknown> => ({
  sender: 's1',
  template: { name: 'order_ready', language: 'en_US' },
  messages: Array.from({ length: count }, (_, i) => ({
    to: `+1650${first + i}`,
    variables: [`Canary ${i}`, `A-${i * 7}`],
    reference: `row-${i}`,
  })),
  ...over,
});
