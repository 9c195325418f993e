// Posts signed webhooks: statuses of one number together, each post again until it is answered with 200, a bounded number of times. What it
// did is counted, so that a test can wait until everything has been said.
import { afterDelay } from '../clock.ts';
import type { PhoneNumber } from '../phone-number.ts';
import { messagesValue, signatureOf, webhookBody } from './bodies.ts';
import type { WebhookRules } from './rules.ts';

const POST_TIMEOUT_MS = 10_000;
const MAX_TRIES = 12;
const RETRY_MS = 100;
const RETRY_CAP_MS = 5_000;
/** Posts under way at once; the others wait. */
const MAX_AT_ONCE = 64;
const MAX_WAITING = 1_000_000;

export interface WebhookCounts {
  /** Statuses, messages and changes that are to be said. */
  said: number;
  /** Of these, in a post that was answered with 200. */
  heard: number;
  given_up: number;
  posts: number;
  /** Posts that were answered with something else, or not at all. */
  failed_posts: number;
  /** Messages by the last of what is to be said of them. */
  ends: Record<'delivered' | 'read' | 'failed', number>;
}

interface Post {
  rules: WebhookRules;
  body: string;
  parts: number;
  tries: number;
}

export class Outbox {
  readonly counts: WebhookCounts = {
    said: 0,
    heard: 0,
    given_up: 0,
    posts: 0,
    failed_posts: 0,
    ends: { delivered: 0, read: 0, failed: 0 },
  };
  readonly #gathering = new Map<string, object[]>();
  readonly #waiting: Post[] = [];
  #atOnce = 0;
  #closed = false;

  /** One status of a number, `afterMs` from now, together with others. */
  status(number: PhoneNumber, rules: WebhookRules, afterMs: number, status: object): void {
    this.counts.said += 1;
    afterDelay(afterMs, () => this.#gather(number, rules, status));
  }

  /** One change at once, in a post of its own. */
  change(rules: WebhookRules, account: string, field: string, value: object): void {
    this.counts.said += 1;
    this.#enqueue({ rules, body: webhookBody(account, field, value), parts: 1, tries: 0 });
  }

  /** Says nothing more. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #gather(number: PhoneNumber, rules: WebhookRules, status: object): void {
    const gathered = this.#gathering.get(number.id);
    if (gathered === undefined) {
      this.#gathering.set(number.id, [status]);
      afterDelay(rules.batch_ms, () => this.#flush(number, rules));
      return;
    }
    gathered.push(status);
    if (gathered.length >= rules.batch) this.#flush(number, rules);
  }

  #flush(number: PhoneNumber, rules: WebhookRules): void {
    const statuses = this.#gathering.get(number.id);
    if (statuses === undefined) return;
    this.#gathering.delete(number.id);
    const body = webhookBody(accountOf(number), 'messages', messagesValue(number.id, { statuses }));
    this.#enqueue({ rules, body, parts: statuses.length, tries: 0 });
  }

  #enqueue(post: Post): void {
    if (this.#closed) return;
    if (this.#waiting.length >= MAX_WAITING) this.counts.given_up += post.parts;
    else this.#waiting.push(post);
    this.#next();
  }

  #next(): void {
    while (this.#atOnce < MAX_AT_ONCE) {
      const post = this.#waiting.shift();
      if (post === undefined) return;
      this.#atOnce += 1;
      void this.#post(post);
    }
  }

  async #post(post: Post): Promise<void> {
    const { rules, body, parts } = post;
    this.counts.posts += 1;
    const ok = await answeredOk(rules, body);
    this.#atOnce -= 1;
    if (ok) this.counts.heard += parts;
    else this.#again(post);
    this.#next();
  }

  #again(post: Post): void {
    this.counts.failed_posts += 1;
    if (post.tries + 1 >= MAX_TRIES || this.#closed) {
      this.counts.given_up += post.parts;
      return;
    }
    const delayMs = Math.min(RETRY_CAP_MS, RETRY_MS * 2 ** post.tries);
    afterDelay(delayMs, () => this.#enqueue({ ...post, tries: post.tries + 1 }));
  }
}

/** The account that a number belongs to: each has its own unless told otherwise. */
export const accountOf = ({ id, rules }: PhoneNumber): string => rules.webhook?.account ?? `waba-${id}`;

async function answeredOk({ url, app_secret }: WebhookRules, body: string): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'facebookexternalua',
        'x-hub-signature-256': signatureOf(body, app_secret),
      },
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}
