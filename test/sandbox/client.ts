// What the sandbox's tests speak to it with: plain HTTP, and types written down here from the documents, not imported.
import { onTestFinished } from 'vitest';
import { startSandbox } from '../../sandbox/sandbox.ts';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface GraphEnvelope {
  error: {
    message: string;
    type: string;
    code: number;
    error_data?: { messaging_product: string; details: string };
    error_subcode?: number;
    fbtrace_id: string;
  };
}

export interface NumberReport {
  arrivals: number;
  taken: number;
  recipients: number;
  repeats: number;
  highest: Record<string, number>;
  limit: number | 'unlimited';
  first_at: string | null;
  last_at: string | null;
  span_ms: number | null;
  violations: Record<string, number>;
  smallest_pair_gap_ms: number | null;
  smallest_pair_arrival_gap_ms: number | null;
}

export interface Report {
  totals: {
    arrivals: number;
    taken: number;
    answered_ok: number;
    refused: Record<string, number>;
    dropped: number;
    dropped_before: number;
    dropped_after: number;
    aborted: number;
    pending: number;
    without_plus: number;
  };
  recipients: number;
  repeats: number;
  repeat_examples: { number: string; to: string; taken: number }[];
  duplicate_attempts: number;
  violations: Record<string, number>;
  numbers: Record<string, NumberReport>;
  portfolios: Record<
    string,
    { limit: number; unique_24h: number; highest_unique_24h: number; violations: number }
  >;
}

export interface Row {
  seq: number;
  at_us: number;
  at: string;
  number: string;
  to: string | null;
  ref: string | null;
  outcome: string;
  code: number | null;
  taken: boolean;
}

export type Client = Awaited<ReturnType<typeof openSandbox>>;

/** A sandbox on a free port that ends with the test. */
export async function openSandbox() {
  const sandbox = await startSandbox({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => sandbox.close());
  const { url } = sandbox;
  const request = async (method: string, path: string, body?: unknown): Promise<Answer> =>
    call(
      url + path,
      method,
      { 'content-type': 'application/json' },
      body === undefined ? '' : JSON.stringify(body),
    );
  const read = async <T>(path: string): Promise<T> => JSON.parse((await request('GET', path)).text) as T;
  return {
    url,
    request,
    /** A control call that must succeed. */
    async control(method: string, path: string, body?: unknown): Promise<unknown> {
      const answer = await request(method, `/control/${path}`, body);
      if (answer.status >= 300) throw new Error(answer.text);
      return JSON.parse(answer.text);
    },
    send: (body: unknown, number = '100', token: string | null = 'token') =>
      sendRaw(url, typeof body === 'string' ? body : JSON.stringify(body), number, token),
    report: (query = '') => read<Report>(`/ledger${query}`),
    rows: async (query = '') => (await read<{ arrivals: Row[] }>(`/ledger/arrivals${query}`)).arrivals,
  };
}

export function textTo(to: string, ref?: string): object {
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    type: 'text',
    text: { preview_url: false, body: 'Hi' },
    ...(ref === undefined ? {} : { biz_opaque_callback_data: ref }),
  };
}

export function templateTo(to: string, name: string, language: string, params: number): object {
  const parameters = Array.from({ length: params }, (_, index) => ({ type: 'text', text: `value ${index}` }));
  return {
    messaging_product: 'whatsapp',
    to,
    type: 'template',
    template: { name, language: { code: language }, components: [{ type: 'body', parameters }] },
  };
}

export function errorOf(answer: Answer): GraphEnvelope['error'] {
  return (JSON.parse(answer.text) as GraphEnvelope).error;
}

function sendRaw(url: string, body: string, number: string, token: string | null): Promise<Answer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  return call(`${url}/v23.0/${number}/messages`, 'POST', headers, body);
}

async function call(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: string,
): Promise<Answer> {
  const response = await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
