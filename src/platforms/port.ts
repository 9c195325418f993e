// What dispatch asks of a platform: check a message before it is taken, send it once, say what became of it.

import { type Backoff, backoffMs } from '../base/backoff.ts';
import type { SenderAccount } from '../contract/account.ts';
import type { AccountChange, Inbound, ReceiptStatus } from '../contract/receipt.ts';
import type { Content, Variables } from '../contract/record.ts';
import type { NewTemplate, Template } from '../contract/template.ts';

/** Who makes management calls, and for which account. */
export type AccountAccess = Pick<SenderAccount, 'account_id' | 'base_url' | 'access_token'>;

export type SenderAccess = Pick<SenderAccount, 'external_id' | 'base_url' | 'access_token'>;

/** One call to make. `attemptId` travels with the message and comes back in its receipts: at most 256 bytes. */
export interface Attempt {
  /** E.164 with +. */
  to: string;
  content: Content;
  variables: Variables | undefined;
  attemptId: string;
}

/** Who an answer speaks about, and so who must wait or stop: this item alone, or everything that shares the named thing. */
export type Moves = 'item' | 'pair' | 'recipient' | 'template' | 'sender' | 'portfolio' | 'credentials';

/** The platform took it. `held`: it decides later whether to deliver; receipts tell. */
export interface Accepted {
  outcome: 'accepted';
  providerId: string;
  held: boolean;
  /** The platform's own number of the person (E.164 with +), where it told one. */
  reached?: string;
}

/** Refused for good. */
export interface Failed {
  outcome: 'failed';
  code: string;
  message: string;
  moves: Moves;
}

/** Not taken, and may be tried again: back to the lane. */
export interface Later {
  outcome: 'later';
  code: string;
  message: string;
  /** False when no byte was written: such a call never counts against anyone. */
  sent: boolean;
  /** Whether it counts as an attempt of the recipient. */
  counts: boolean;
  /** The counted attempt after which it is `failed` instead; undefined: never. */
  maxAttempts: number | undefined;
  moves: Moves;
  /** Too many calls for what it moves: the limit is too high. */
  throttled: boolean;
  wait: Wait;
}

/** Some byte may have arrived, and nobody said what became of it. */
export interface Unknown {
  outcome: 'unknown';
  code: string;
  message: string;
}

export type Verdict = Accepted | Failed | Later | Unknown;

/** At least `atLeastMs` (or what the platform asked for, if that is known), and a backoff with full jitter on top. */
export interface Wait {
  atLeastMs: number;
  backoff: Backoff;
  /** What the platform said in this answer. It replaces `atLeastMs` and `backoff`. */
  askedMs: number | undefined;
}

/** How long a `later` waits: `repeat` is 0 for the first time. `random` gives 0 ≤ x < 1. */
export const waitMs = (wait: Wait, repeat: number, random: () => number): number =>
  wait.askedMs ?? wait.atLeastMs + backoffMs(wait.backoff, repeat, random);

export interface Sent {
  verdict: Verdict;
  /** Monotonic microseconds; undefined when no byte was written. */
  writtenAtUs: number | undefined;
  endedAtUs: number;
}

/** A message that can never be sent as it stands. */
export interface ContentProblem {
  code: 'invalid_content' | 'variables_missing';
  message: string;
}

export interface Platform {
  /** Never rejects. `mayWrite` is asked in the tick of the write; false = nothing is written, verdict `later` with `sent: false`. */
  send(sender: SenderAccess, attempt: Attempt, mayWrite: () => boolean): Promise<Sent>;
  /** What can be known before sending. Pure and cheap: it runs for every row of a request. */
  check(content: Content, variables: Variables | undefined): ContentProblem | undefined;
  /** Names of the placeholders that `variables` leaves empty. */
  missingVariables(content: Content, variables: Variables | undefined): string[];
  /** Whether a failure says that the person wants no more marketing. */
  isOptOut(code: string): boolean;
}

/** What became of a call that makes something at the platform. */
export type Made =
  | { outcome: 'made'; id: string; status: string; category: string | undefined }
  /** `exists`: the platform has it already. */
  | { outcome: 'failed'; code: string; message: string; exists: boolean }
  /** Not made for now, after `wait`; without it nobody knows. `sent` false: no byte was written. */
  | { outcome: 'later'; code: string; message: string; sent: boolean; wait: Wait | undefined };

/** `body`: the text of its body, with its placeholders. */
export type ListedTemplate = Template & { body: string };

/** The calls of an account beside its messages. Do not reject where nothing else is said. */
export interface Management {
  createTemplate(account: AccountAccess, template: NewTemplate, mayWrite: () => boolean): Promise<Made>;
  /** Rejects when the file is gone. `file.path`: where it is on disk. */
  uploadMedia(
    sender: SenderAccess,
    file: { path: string; name: string; type: string },
    mayWrite: () => boolean,
  ): Promise<Made>;
  /** All of them, or those of a name; undefined when the platform did not tell. */
  listTemplates(account: AccountAccess, name?: string): Promise<ListedTemplate[] | undefined>;
}

/** A status as the platform told it, with the attempt id that it brought back. */
export interface HeardStatus extends Pick<ReceiptStatus, 'id' | 'status' | 'at' | 'error' | 'to'> {
  attemptId: string | undefined;
}

/** A failure told by webhook holds more than its message, for so long. */
export interface Aftermath {
  moves: Exclude<Moves, 'item' | 'pair'>;
  holdMs: number;
}

/** The platform's names for the account and the number, where it told them. */
export interface HeardNames {
  account?: string;
  number?: string;
}

/** One thing that a webhook says. `externalId`: the platform's id of the sender that it is about. */
export type Heard =
  | { kind: 'statuses'; names: HeardNames; externalId: string; statuses: HeardStatus[] }
  | { kind: 'inbound'; names: HeardNames; externalId: string; messages: Inbound[] }
  | { kind: 'account'; names: HeardNames; change: AccountChange };

/** What a platform says by itself. */
export interface Webhook {
  /** What to answer to the handshake; undefined: refuse it. */
  challenge(query: Readonly<Record<string, unknown>>, verifyToken: string): string | undefined;
  /** Whether these very bytes were signed with the secret. Takes the same time whatever is wrong. */
  signed(raw: Buffer, header: (name: string) => string | undefined, secret: string): boolean;
  /** Undefined when the bytes are no webhook of this platform. */
  read(raw: Buffer, nowMs: number): Heard[] | undefined;
}
