// A job and its items as clients see them, and the one table of item statuses that the ledger, its scripts and the API share.

/** The byte that stands for each status in the ledger's status string. `absent`: a row that never became an item. */
export const STATUS_BYTE = {
  queued: 'q',
  sending: 's',
  accepted: 'a',
  delivered: 'd',
  read: 'r',
  failed: 'f',
  unknown: 'u',
  canceled: 'c',
  expired: 'e',
  suppressed: 'p',
  absent: '-',
} as const;

export type ItemStatus = Exclude<keyof typeof STATUS_BYTE, 'absent'>;
export const ITEM_STATUSES = Object.keys(STATUS_BYTE).filter((name) => name !== 'absent') as ItemStatus[];

const STATUS_OF_BYTE = new Map(Object.entries(STATUS_BYTE).map(([name, byte]) => [byte.charCodeAt(0), name]));

/** The status that a ledger byte stands for; undefined for a row that is no item. */
export function statusOfByte(byte: number): ItemStatus | undefined {
  const name = STATUS_OF_BYTE.get(byte);
  return name === 'absent' ? undefined : (name as ItemStatus | undefined);
}

export const JOB_STATUSES = [
  'accepted',
  'scheduled',
  'queued',
  'sending',
  'paused',
  'completed',
  'canceling',
  'canceled',
  'expired',
  'incomplete',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
export type JobKind = 'messages' | 'contacts';
export type Priority = 'bulk' | 'normal' | 'high';
/** Served in this order. */
export const PRIORITIES: readonly Priority[] = ['high', 'normal', 'bulk'];

export interface JobCounts {
  total: number;
  queued: number;
  sending: number;
  /** accepted, delivered or read */
  accepted: number;
  /** delivered or read */
  delivered: number;
  read: number;
  failed: number;
  unknown: number;
  canceled: number;
  expired: number;
  suppressed: number;
}

/** Why something waits, and until when (ISO 8601). */
export interface Hold {
  limit: string;
  scope: string;
  until: string | null;
  message: string;
}

export interface Job {
  id: string;
  kind: JobKind;
  sender: string;
  status: JobStatus;
  priority: Priority;
  created_at: string;
  updated_at: string;
  metadata: Record<string, unknown>;
  rejected_count: number;
  duplicate_count: number;
  counts: JobCounts;
  progress: number;
  eta: { finish_at: string; p90: string } | null;
  hold: Hold | null;
}

export interface Item {
  index: number;
  to: string;
  reference: string | null;
  status: ItemStatus;
  attempts: number;
  /** It was unknown and was sent once more, as its job or a retry asked: the person may have it twice. */
  possible_duplicate?: boolean;
  provider_id: string | null;
  error: { code: string; message: string } | null;
  hold: Hold | null;
  updated_at: string;
}
