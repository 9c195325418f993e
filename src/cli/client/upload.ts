// Sends a file as one job, as a stream: nothing of it is held here, whatever its size. A connection that breaks is tried again with the same key,
// and the service goes on where it was.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/failure.ts';
import { type Accepted, type Answer, ApiProblem, type Client, Unreachable } from '../../client/client.ts';
import type { LiveLine } from '../terminal/live-line.ts';
import { createRateMeter } from '../terminal/rate-meter.ts';
import { UsageProblem } from './arguments.ts';

/** Tries after the first, without one byte more taken than before. */
const TRIES_MAX = 20;
const AGAIN_MS = 1_000;
/** A shorter upload shows no progress. */
const QUIET_US = 1_000_000;
const KB = 1_024;

export interface UploadOptions {
  file: string;
  key: string;
  query: { sender: string; 'template.name': string; 'template.language': string };
  /** Without a bound of time. */
  api: Client;
  line: LiveLine;
  clock: Clock;
  /** Hears why it is tried again. */
  say(text: string): void;
}

/** Throws {@link UsageProblem}, and what the API and the network threw last. */
export async function uploadFile(options: UploadOptions): Promise<Answer<Accepted>> {
  const { clock, say } = options;
  const bytes = await sizeOf(options.file);
  let most = 0;
  for (let tries = 0; ; tries += 1) {
    const progress = { sent: 0 };
    try {
      return await uploadOnce(options, bytes, progress);
    } catch (error) {
      if (progress.sent > most) tries = 0;
      most = Math.max(most, progress.sent);
      if (tries >= TRIES_MAX || !mayGoOn(error)) throw error;
      say(`${messageOf(error)} It goes on with the same key.`);
      await clock.delay((error instanceof ApiProblem ? error.retryAfterMs : undefined) ?? AGAIN_MS);
    }
  }
}

/** The API says itself that a body which broke off may come again. */
const mayGoOn = (error: unknown): boolean =>
  error instanceof Unreachable ||
  (error instanceof ApiProblem && (error.passing || error.code === 'idempotency_in_progress'));

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile() && found.size > 0) return found.size;
    throw new Error(found.isFile() ? 'it is empty' : 'it is no file');
  } catch (error) {
    throw new UsageProblem(`${file} cannot be read: ${messageOf(error)}`);
  }
}

async function uploadOnce(
  { file, key, query, api, line, clock }: UploadOptions,
  bytes: number,
  progress: { sent: number },
): Promise<Answer<Accepted>> {
  const startUs = clock.monotonicUs();
  const meter = createRateMeter();
  const source = createReadStream(file);
  source.on('data', (slice) => {
    progress.sent += slice.length;
    const atUs = clock.monotonicUs();
    const done = Math.ceil(progress.sent / KB);
    meter.read(atUs, done);
    if (atUs - startUs < QUIET_US) return;
    const elapsedMs = (atUs - startUs) / 1_000;
    line.show({ done, total: Math.ceil(bytes / KB), perSecond: meter.perSecond(), elapsedMs, unit: 'KB' });
  });
  source.pause();
  try {
    return await api.uploadJob({
      query,
      headers: { 'idempotency-key': key, 'content-type': typeOf(file) } as Record<string, string>,
      body: Readable.toWeb(source) as ReadableStream,
    });
  } finally {
    source.destroy();
    line.end();
  }
}

const typeOf = (file: string): string =>
  /\.(ndjson|jsonl)$/i.test(file) ? 'application/x-ndjson' : 'text/csv';
