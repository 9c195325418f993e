// A cursor: where the rows of a job stand that go one after another. Named by its job, or "job/z" for the rows of one zone.
import type { SealRecord } from '../contract/record.ts';

export interface Cursor {
  name: string;
  /** As lua/_cursor.lua reads it. */
  text: string;
}

/** The job that a cursor's rows belong to. */
export const jobOfCursor = (name: string): string => name.split('/', 1)[0] ?? '';

/** What of a seal says where its cursor starts. */
type Timed = Pick<SealRecord, 'job' | 'rows' | 'created_at' | 'send_at' | 'spread_ms' | 'expires_at'>;

/** The cursors of a job that nothing has left of. Times are µs; 0 is none. */
export function cursorsOf(seal: Timed): Cursor[] {
  const startMs = Math.max(seal.send_at ?? seal.created_at, seal.created_at);
  const times = [seal.expires_at ?? 0, startMs, seal.spread_ms ?? 0].map((ms) => (ms * 1_000).toFixed(0));
  return [{ name: seal.job, text: ['0', seal.rows, ...times].join(' ') }];
}
