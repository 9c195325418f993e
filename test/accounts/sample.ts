// Accounts for tests: two workspaces, one with a portfolio, and somewhere to write them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../src/base/logger.ts';
import { keep } from '../support/run-record.ts';

export const SECRETS = {
  acmeKey: 'sk_live_acme_0123456789abcdef0123456789',
  acmeTestKey: 'sk_test_acme_0123456789abcdef0123456789',
  acmeReader: 'sk_live_acme_reader_0123456789abcdef012',
  bravoKey: 'sk_live_bravo_0123456789abcdef012345678',
  token: 'EAAG-token-of-s1-that-must-not-be-seen',
  appSecret: 'app-secret-of-s1',
  verifyToken: 'verify-token-of-s1',
  webhook: 'whsec_bm90IGEgcmVhbCBzZWNyZXQgYXQgYWxs',
};

export function sampleFile() {
  const base_url = 'http://127.0.0.1:9100';
  return {
    workspaces: [
      {
        id: 'acme',
        plan: 'business' as const,
        api_keys: [
          { id: 'acme_live', secret: SECRETS.acmeKey },
          { id: 'acme_test', secret: SECRETS.acmeTestKey, environment: 'test' as const },
          { id: 'acme_reader', secret: SECRETS.acmeReader, scopes: ['jobs:read'] },
        ],
        portfolios: [{ id: 'acme_bm', messaging_limit: 2_000 }],
        senders: [
          {
            id: 's1',
            platform: 'meta' as const,
            portfolio: 'acme_bm',
            external_id: '106540352242922',
            base_url,
            access_token: SECRETS.token,
            app_secret: SECRETS.appSecret,
            verify_token: SECRETS.verifyToken,
            throughput: 80,
          },
          {
            id: 's2',
            platform: 'meta' as const,
            external_id: '2',
            account_id: 'waba-2',
            base_url,
            access_token: 'token-of-s2',
          },
        ],
        webhooks: [{ url: 'http://127.0.0.1:9200/hook', events: ['*'], secret: SECRETS.webhook }],
      },
      {
        id: 'bravo',
        api_keys: [{ id: 'bravo_live', secret: SECRETS.bravoKey }],
        senders: [
          { id: 'b1', platform: 'meta' as const, external_id: '3', base_url, access_token: 'token-of-b1' },
        ],
      },
    ],
  };
}

export interface FileOnDisk {
  path: string;
  write(content: unknown): Promise<void>;
  remove(): Promise<void>;
}

/** A file in a folder of its own. Text is written as it is, everything else as JSON. */
export async function fileOnDisk(content: unknown): Promise<FileOnDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-accounts-'));
  const path = join(folder, 'accounts.json');
  const write = (next: unknown) => writeFile(path, typeof next === 'string' ? next : JSON.stringify(next));
  await write(content);
  return { path, write, remove: () => rm(folder, { recursive: true }) };
}

export interface Line {
  event: string;
  request_id?: string | undefined;
  problems?: string[] | undefined;
  reason?: string | undefined;
  station?: string | undefined;
  status?: number | undefined;
}

/** Remembers what was logged, as it would have been written. */
export function recordingLogger(): Logger & { lines: Line[]; text(): string } {
  const lines: Line[] = [];
  const note: Logger['info'] = (event, fields) => {
    lines.push({ event, ...fields });
    keep('service', JSON.stringify({ event, ...fields }));
  };
  return { debug: note, info: note, warn: note, error: note, lines, text: () => JSON.stringify(lines) };
}
