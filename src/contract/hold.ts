// Why something waits: a closed list of reasons that are no limit, the names of the limits that are, and for each the sentence that a
// person reads. Every hold that a client sees is written here.
import type { Hold } from './job.ts';
import { isoTime } from './time.ts';

/** Reasons that are no limit. A limit is named by its own name: `meta.throughput`, `minute`. */
export const HOLD_REASONS = [
  /** `send_at` lies ahead. */
  'scheduled',
  /** The job's `spread` gives this item a later time. */
  'spread',
  /** It is night where the recipient is, or nobody knows. */
  'quiet_hours',
  /** This item was refused for now and is tried again. */
  'retry',
  /** The platform wants no more for this person for now. */
  'recipient',
  /** The platform has paused this template. */
  'template',
  /** The platform has stopped or limited this number. */
  'sender',
  /** The same for everything of the portfolio. */
  'portfolio',
  /** The platform refuses the access token. */
  'credentials',
  /** Paused by the customer. */
  'sender_paused',
  /** Vanished from the accounts. */
  'sender_disabled',
  'job_paused',
  /** An operator has stopped the sending. */
  'stopped',
  /** The store is nearly full. */
  'storage',
  /** The log does not answer, and what it does not know is not sent. */
  'log',
  /** The store may have lost what it knew, and has not been rebuilt. */
  'memory',
  /** The store is being rebuilt from the log. */
  'rebuilding',
  /** What customers want to be told is not taken on. */
  'outbox',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** Limits that Sluice knows without being told. Others have the names that the accounts give them. */
export const LIMIT_NAMES = [
  'meta.throughput',
  'meta.messaging_limit',
  'meta.pair',
  'meta.templates',
  'meta.media',
  'calls',
] as const;
type LimitName = (typeof LIMIT_NAMES)[number];

/** A limit's name or a reason; whose; unix ms at which it ends, where that is known. */
export interface HoldFact {
  limit: string;
  scope: string;
  untilMs: number | null;
}

const SENTENCES: Record<HoldReason | LimitName, (scope: string) => string> = {
  scheduled: () => 'The job is to be sent later',
  spread: () => 'The job is spread over time, and the turn of the next message has not come',
  quiet_hours: () => 'It is within the quiet hours of the recipients',
  retry: () => 'The platform could not take the message and it will be tried again',
  recipient: () => 'The platform takes no more messages of this kind for this person for now',
  template: (scope) => `The platform has paused the template ${scope}`,
  sender: (scope) => `The platform has stopped or limited the sender ${scope}`,
  portfolio: (scope) => `The platform has stopped or limited the portfolio ${scope}`,
  credentials: (scope) => `The platform refuses the access token of ${scope}: renew it, and sending goes on`,
  sender_paused: (scope) => `The sender ${scope} is paused: resume it, and sending goes on`,
  sender_disabled: (scope) => `The sender ${scope} is no longer in the accounts`,
  job_paused: () => 'The job is paused: resume it, and sending goes on',
  stopped: (scope) => `An operator has stopped all sending of ${scope}`,
  outbox: () => 'More is to be told to webhooks than is taken on: nothing new is started until it is',
  storage: () => 'The store is nearly full: nothing new is started until there is room',
  log: () => 'The log does not answer: nothing new is started until it does',
  memory: () =>
    'The store may have lost what it knew: nothing is sent until it has been compared with the log, or `sluice rebuild` has run',
  rebuilding: () => 'The store is being rebuilt from the log: sending goes on after that',
  'meta.throughput': (scope) => `The throughput of the number ${scope} is used up`,
  'meta.messaging_limit': (scope) =>
    `The portfolio ${scope} has written to as many different people within 24 hours as its messaging limit allows`,
  'meta.pair': (scope) => `The number ${scope} wrote to this person a moment ago, and must wait 6 seconds`,
  'meta.templates': (scope) =>
    `The account ${scope} has submitted as many templates within an hour as it may`,
  'meta.media': (scope) => `As many files were uploaded for ${scope} within 24 hours as may be`,
  calls: (scope) => `The sender ${scope} has as many calls under way as it may: the next goes when one ends`,
};

/** The hold as clients see it. */
export function holdOf({ limit, scope, untilMs }: HoldFact): Hold {
  const until = untilMs === null ? null : isoTime(untilMs);
  const known = Object.hasOwn(SENTENCES, limit) ? SENTENCES[limit as keyof typeof SENTENCES] : undefined;
  const sentence = known?.(scope) ?? `The limit ${limit} of ${scope} is used up`;
  return { limit, scope, until, message: until === null ? `${sentence}.` : `${sentence}; until ${until}.` };
}

/** Whether a hold names a reason of the list; else it names a limit. */
export const isReason = (limit: string): limit is HoldReason =>
  (HOLD_REASONS as readonly string[]).includes(limit);
