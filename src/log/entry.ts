// What every adapter asks of an entry before it is appended, and what an entry becomes when it is parked.
import { refused } from '../base/failure.ts';
import { RECORD_MAX_BYTES } from '../contract/record.ts';
import type { DeliveredEntry, LogEntry } from './port.ts';

/** Headers are ours and short; what exceeds this was not written by us. */
const HEADERS_MAX_BYTES = 16 * 1024;
/** Both together stay below it, were every character escaped in six bytes. */
const REASON_MAX_CHARS = 500;
const PARKED_HEADERS_MAX_CHARS = 2_000;

/** Throws `never` before anything is sent: a repeat would meet the same limit. */
export function assertFits(entries: readonly LogEntry[]): void {
  for (const { key, headers, value } of entries) {
    if (key === '') throw refused('internal', 'a log entry needs a key: without one its order is undefined');
    const bytes = Buffer.byteLength(value);
    if (bytes > RECORD_MAX_BYTES) {
      throw refused(
        'payload_too_large',
        `a log entry holds at most ${RECORD_MAX_BYTES} bytes, this one has ${bytes}`,
      );
    }
    const headerBytes = Buffer.byteLength(JSON.stringify(headers));
    if (headerBytes > HEADERS_MAX_BYTES) {
      throw refused(
        'payload_too_large',
        `headers hold at most ${HEADERS_MAX_BYTES} bytes, these have ${headerBytes}`,
      );
    }
  }
}

/**
 * The entry as `dead` keeps it. It always fits, or a foreign record too large to park would stop its partition for ever;
 * `bytes` tells the original size when the value was cut.
 */
export function parked(entry: DeliveredEntry, reason: string): LogEntry {
  const bytes = Buffer.byteLength(entry.value);
  const fits = bytes <= RECORD_MAX_BYTES;
  return {
    key: entry.key === '' ? entry.position : entry.key,
    headers: {
      from: entry.topic,
      position: entry.position,
      reason: reason.slice(0, REASON_MAX_CHARS),
      headers: JSON.stringify(entry.headers).slice(0, PARKED_HEADERS_MAX_CHARS),
      ...(fits ? {} : { bytes: String(bytes) }),
    },
    value: fits ? entry.value : cut(entry.value),
  };
}

/** A third of the limit in characters stays below it in UTF-8, whatever they are. */
const cut = (value: string): string => value.slice(0, Math.floor(RECORD_MAX_BYTES / 3));

/** The headers of an entry from their JSON; undefined when it is none, or was cut. */
export function parseHeaders(text: string | undefined): Record<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '');
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}
