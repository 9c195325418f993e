// What the API asks of accept: a body in, a job id out. Everything it refuses is a `Failure` with a code of contract/problem.ts.

import type { Principal } from '../accounts/port.ts';
import type { Job } from '../contract/job.ts';

export interface BulkRequest {
  principal: Principal;
  /** Method and path, `POST /v1/messages/bulk`: part of the idempotency scope. */
  route: string;
  /** The `Idempotency-Key` header as it came, quoted or bare. */
  idempotencyKey: string | undefined;
  /** The raw query string, without "?"; part of the fingerprint. */
  query: string;
  contentType: string;
  /** The body after content decoding. */
  raw: Buffer;
  /** Called before anything of a new job is stored. */
  prepare?(job: string): Promise<void>;
}

export interface BulkReply {
  /** The job's id; `ledger.job(home, job)` finds it from now on. */
  job: string;
  home: string;
  /** The job as it was accepted; undefined on a replay, which shows it as it is. */
  accepted: Job | undefined;
  /** The key was known with this body: nothing was queued. */
  replayed: boolean;
  /** At most 100. On a replay later than 24 h after completion, empty. */
  rejected: { index: number; code: string; message: string }[];
  /** At most 100. Row `index` repeats the number of row `of`. */
  duplicates: { index: number; of: number }[];
}

export interface Accept {
  /**
   * `POST /v1/messages/bulk`: resolves once the log has acknowledged every chunk. Throws `Failure`: `invalid_request`, `unprocessable`,
   * `idempotency_mismatch`, `idempotency_in_progress` (with `retryAfterMs`), `unavailable` (with `retryAfterMs`).
   */
  bulk(request: BulkRequest): Promise<BulkReply>;
  /** `POST /v1/messages`: the same fields with `to`, `variables` and `reference` in the place of `messages`; priority `high` by default. */
  one(request: BulkRequest): Promise<BulkReply>;
  /** `POST /v1/contacts/bulk`. */
  contacts(request: BulkRequest): Promise<BulkReply>;
  /** `POST /v1/templates`: a job of one. */
  template(request: BulkRequest): Promise<BulkReply>;
  /** `POST /v1/media`: a job of one; `raw` says what the file is, as `mediaRequestSchema`. */
  media(request: BulkRequest): Promise<BulkReply>;
}
