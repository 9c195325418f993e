// The records of a job → the log, chunks first and the seal last.
import { Failure, unavailable } from '../base/failure.ts';
import type { Log, LogEntry } from '../log/port.ts';

/**
 * Bytes of one append. A broker refuses a batch above 1 MiB (`message.max.bytes`), and 5 MB of text can be several. The usual
 * 10,000 recipients are 260 KB: chunks and seal go together, which costs one round trip. That is safe because intake opens
 * a job only when every chunk its seal names is in, in whatever order they came.
 */
const APPEND_MAX_BYTES = 640 * 1024;

/** Throws `unavailable`; `repeat: 'safe'` only when nothing can have been stored. */
export async function appendJob(log: Pick<Log, 'append'>, entries: readonly LogEntry[]): Promise<void> {
  let stored = false;
  const batches = [...batchesOf(entries)];
  for (const batch of batches.length > 1 ? batches.map((some) => some.map(inParts)) : batches) {
    try {
      await log.append('jobs', batch);
      stored = true;
    } catch (error) {
      if (!stored && error instanceof Failure && error.repeat === 'safe')
        throw unavailable('The log does not answer', error, error.retryAfterMs);
      throw perhapsStored(error);
    }
  }
}

/** The log may get a part of the job and never the rest: intake watches what comes so, until its seal is known. */
const inParts = (entry: LogEntry): LogEntry => ({ ...entry, headers: { ...entry.headers, parts: '1' } });

/** Nobody knows whether the job exists; the same key and body settle it. */
export const perhapsStored = (cause: unknown): Failure =>
  new Failure({
    code: 'unavailable',
    message:
      'The job may or may not have been stored: send the same request with the same idempotency key again',
    repeat: 'unsafe',
    retryAfterMs: (cause instanceof Failure ? cause.retryAfterMs : undefined) ?? 2_000,
    cause,
  });

function* batchesOf(entries: readonly LogEntry[]): Generator<LogEntry[]> {
  let batch: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.value);
    if (batch.length > 0 && bytes + size > APPEND_MAX_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
