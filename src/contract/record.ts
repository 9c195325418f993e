// The records of the `jobs` topic. Versioned and tolerant: a reader takes what it knows and ignores the rest, so old and new releases run side by side.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';
import { JOB_KINDS } from './job.ts';

const count = z.int().min(0);
/** Unix milliseconds. */
const at = z.number().min(0);

/** What one message says: a template with its name and language, or a text. */
export const contentSchema = z.object({
  template: z
    .object({
      name: z.string(),
      language: z.string(),
      components: z.array(z.record(z.string(), z.unknown())).optional(),
    })
    .optional(),
  text: z.object({ body: z.string(), preview_url: z.boolean().optional() }).optional(),
});
export type Content = z.output<typeof contentSchema>;

/** Variables of one recipient: by position, or by name. */
export const variablesSchema = z.union([z.array(z.string()), z.record(z.string(), z.string())]);
export type Variables = z.output<typeof variablesSchema>;

/** A row of a contact job is [number or '', { contact: JSON of a ContactInput }, external id?], of a template job ['', { template: JSON of a NewTemplate }], of a media job ['', { media: JSON of a NewMedia }]. One recipient as a chunk holds it: [to, variables?, reference?, own content?]; 0 stands for a row that is no item. */
export type Row = [to: string, variables?: Variables | 0, reference?: string | 0, content?: Content] | 0;

/** In the place of a row whose person was forgotten: an item of nobody. */
export const ERASED_ROW: Exclude<Row, 0> = ['', 0, 0];
export const isErased = (row: Row): boolean => row !== 0 && row[0] === '' && !row[1];

/** Consecutive rows of a job; `rows` is base64 of the packed (zstd) JSON array of `Row`. */
export const chunkRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('chunk'),
  job: z.string(),
  home: z.string(),
  fingerprint: z.string(),
  n: count,
  from: count,
  count: z.int().min(1),
  sha256: z.string(),
  dies_at: at,
  rows: z.string(),
  /** Base64 of the packed list of its rows that are no items, and why; none when all are. */
  left_out: z.string().exactOptional(),
  /** Of a stream: its seal does not name each chunk. */
  stream: z.literal(1).exactOptional(),
});
export type ChunkRecord = z.output<typeof chunkRecordSchema>;

/** Closes a job: names every chunk by its digest, and holds what all its rows share. */
export const sealRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('seal'),
  job: z.string(),
  home: z.string(),
  workspace: z.string(),
  environment: environmentSchema,
  kind: z.enum(JOB_KINDS),
  sender: z.string(),
  fingerprint: z.string(),
  created_at: at,
  dies_at: at,
  rows: count,
  total: count,
  rejected_count: count,
  duplicate_count: count,
  /** First row of each chunk, in order. Missing in a stream: a reader that knows no streams must not open one. */
  starts: z.array(count).exactOptional(),
  digests: z.array(z.string()).exactOptional(),
  stream: z
    .object({
      /** Rows of each chunk, runs together: "500*1999 312". */
      cuts: z.string(),
      /** SHA-256 over the SHA-256 of all chunks, in order. */
      digest: z.string(),
      /** SHA-256 of the whole body. */
      body: z.string(),
    })
    .exactOptional(),
  content: contentSchema,
  category: z.enum(['marketing', 'utility', 'authentication', 'service']),
  priority: z.enum(['bulk', 'normal', 'high']),
  send_at: at.optional(),
  /** Row i of n is due at start + spread × i / n, where start = max(send_at, created_at). */
  spread_ms: at.optional(),
  expires_at: at.optional(),
  /** Where `expires_at` comes from, if from the start of the job: it moves with it. */
  expires_after_ms: at.optional(),
  /** Local times [from, to); `time_zone`: an IANA name, or "recipient" for each recipient's own. */
  quiet_hours: z.object({ from: z.string(), to: z.string(), time_zone: z.string() }).optional(),
  /** Who got the template from the workspace by another such job within it is suppressed. */
  unique_within_ms: at.optional(),
  on_unknown: z.enum(['hold', 'resend']),
  metadata: z.record(z.string(), z.unknown()),
  /** What the idempotency key of its request is kept under; absent when it had none of its own. */
  claim: z.string().optional(),
  /** The fingerprint of the request, where that of the job covers its audience too. */
  request: z.string().exactOptional(),
});
export type SealRecord = z.output<typeof sealRecordSchema>;

/** What a client has done to a job. `seq` rises per job and says what is newer, so records may be read again, and in any order. */
export const controlRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('control'),
  job: z.string(),
  home: z.string(),
  sender: z.string(),
  fingerprint: z.string(),
  seq: z.int().min(1),
  at,
  dies_at: at,
  action: z.enum(['pause', 'resume', 'cancel', 'patch', 'retry']),
  /** Of a patch; null takes a field away. */
  changes: z
    .object({
      send_at: at.nullable().optional(),
      spread_ms: at.nullable().optional(),
      priority: z.enum(['bulk', 'normal', 'high']).optional(),
    })
    .optional(),
  /** Of a retry: the items that are tried again, neighbours with the same try together: first index, how many, the try that ended badly. */
  retry: z.array(z.tuple([count, z.int().min(1), count])).optional(),
});
export type ControlRecord = z.output<typeof controlRecordSchema>;
export type RetryRun = NonNullable<ControlRecord['retry']>[number];
export type JobChanges = NonNullable<ControlRecord['changes']>;

export const jobRecordSchema = z.discriminatedUnion('type', [
  chunkRecordSchema,
  sealRecordSchema,
  controlRecordSchema,
]);
export type JobRecord = z.output<typeof jobRecordSchema>;

/** Sizes that hold everywhere: a chunk has at most this many rows and raw bytes, a record at most this many bytes. */
export const CHUNK_MAX_ROWS = 500;
export const CHUNK_MAX_BYTES = 192 * 1024;
export const RECORD_MAX_BYTES = 256 * 1024;
