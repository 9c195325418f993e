// The one error that crosses rooms: what happened, and whether doing it again helps. Expected outcomes are values; this is for the rest.
import type { ProblemCode, ProblemDetail } from '../contract/problem.ts';

/** `safe`: nothing happened, do it again. `unsafe`: it may have happened. `never`: doing it again gives the same. */
export type Repeat = 'safe' | 'unsafe' | 'never';

export interface FailureOptions {
  code: ProblemCode;
  message: string;
  repeat: Repeat;
  /** Milliseconds from now after which a repeat may help. */
  retryAfterMs?: number;
  details?: ProblemDetail[];
  cause?: unknown;
}

export class Failure extends Error {
  readonly code: ProblemCode;
  readonly repeat: Repeat;
  readonly retryAfterMs: number | undefined;
  readonly details: ProblemDetail[];

  constructor(options: FailureOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'Failure';
    this.code = options.code;
    this.repeat = options.repeat;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? [];
  }
}

/** What the caller asked for is wrong, and stays wrong. */
export const refused = (code: ProblemCode, message: string, details: ProblemDetail[] = []): Failure =>
  new Failure({ code, message, repeat: 'never', details });

/** A dependency is away: nothing happened, ask again in `retryAfterMs`. */
export const unavailable = (message: string, cause?: unknown, retryAfterMs = 2_000): Failure =>
  new Failure({ code: 'unavailable', message, repeat: 'safe', retryAfterMs, cause });

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
