// How a number's webhooks behave: where they go, and how late, often and out of order they come. Every chance is from 0 to 1.
import type { Latency } from '../settings.ts';

export interface WebhookRules {
  url: string;
  app_secret: string;
  /** The account's id; each number has its own by default. */
  account?: string;
  /** Between two statuses of one message, and before the first; counted from the answer of the call. */
  delay_ms: Latency;
  /** From the moment the message is taken, so that a receipt may come before the call's answer. */
  before_answer: boolean;
  /** Of a status: posted once more after another delay. */
  duplicate: number;
  /** Of a message: its statuses come in a random order. */
  reorder: number;
  /** Of a message: read without having been delivered. */
  skip_delivered: number;
  /** Of a message: also read. */
  read: number;
  /** Of a message: failed after sent, with `fail_code`. */
  fail: number;
  fail_code: number;
  /** Of a message: nothing is ever said of it. */
  silent: number;
  /** Of a status: without the caller's `biz_opaque_callback_data`. */
  no_opaque: number;
  /** Statuses in one post. */
  batch: number;
  /** How long a post waits to be filled. */
  batch_ms: number;
}

export const PLAIN_WEBHOOK: Omit<WebhookRules, 'url' | 'app_secret'> = {
  delay_ms: { min: 5, max: 50 },
  before_answer: false,
  duplicate: 0,
  reorder: 0,
  skip_delivered: 0,
  read: 0.5,
  fail: 0,
  fail_code: 131026,
  silent: 0,
  no_opaque: 0,
  batch: 50,
  batch_ms: 20,
};
