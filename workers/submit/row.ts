// The one row of a submission, as accept wrote it.
import { ask } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import type { SubmitOptions } from './options.ts';

/** The object under a name of its fields; undefined when the row is gone. */
export async function fieldOf(
  { redis, namespace }: SubmitOptions,
  { home, job, fingerprint }: SealRecord,
  name: string,
): Promise<unknown> {
  const { rows: key } = chunkKeys(namespace, home, job, fingerprint, 0);
  const blob = await ask(redis.client.getBuffer(key));
  const [row] = blob ? decodeRows(blob) : [];
  const fields = row ? row[1] : undefined;
  const text = fields && !Array.isArray(fields) ? fields[name] : undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

export const CONTENT_MISSING = { code: 'content_missing', message: 'its content is gone', repeat: false };
