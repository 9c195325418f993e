// Meta's error codes as one closed table: what each means for the item, who else it speaks about, and how long to wait.
// Build on `code`, never on title, subcode or HTTP status: Meta's own pages disagree about those.
//
// What is `later` and what `unknown`: an answer with an explicit code that says limited, paused, not ready, down or overloaded is a
// refusal, the message was not taken, so it may go again. 131000 and 1 say only "something went wrong": the message may be out
// already, and nothing at Meta would stop a second one, so they are `unknown` and a receipt or `on_unknown` decides.
import type { Moves } from '../port.ts';

/** Who must act: the clock alone (transient, throttle, pair, user), nobody any more (recipient, job), or a person (stop, auth). */
export type CodeClass =
  | 'transient'
  | 'throttle'
  | 'pair'
  | 'user'
  | 'recipient'
  | 'job'
  | 'stop'
  | 'auth'
  | 'ambiguous';

export type CodeRule = FailedRule | UnknownRule | LaterRule;

export interface FailedRule {
  class: CodeClass;
  outcome: 'failed';
  moves: Moves;
  means: string;
}

export interface UnknownRule {
  class: CodeClass;
  outcome: 'unknown';
  means: string;
}

export interface LaterRule {
  class: CodeClass;
  outcome: 'later';
  moves: Moves;
  counts: boolean;
  maxAttempts: number | undefined;
  atLeastMs: number;
  baseMs: number;
  capMs: number;
  means: string;
}

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;

const failed = (kind: 'recipient' | 'job', moves: Moves, means: string): FailedRule => ({
  class: kind,
  outcome: 'failed',
  moves,
  means,
});

/** [at least, base of the backoff, its cap] in milliseconds. Not counted: the recipient has no part in it. */
const later = (
  kind: CodeClass,
  moves: Moves,
  wait: readonly [number, number, number],
  means: string,
): LaterRule => ({
  class: kind,
  outcome: 'later',
  moves,
  counts: false,
  maxAttempts: undefined,
  atLeastMs: wait[0],
  baseMs: wait[1],
  capMs: wait[2],
  means,
});

const counted = (rule: LaterRule, maxAttempts: number): LaterRule => ({ ...rule, counts: true, maxAttempts });

const ambiguous = (means: string): UnknownRule => ({ class: 'ambiguous', outcome: 'unknown', means });

// The ladders. A number's throttle lifts within seconds; Graph's own budgets are rolling hours; what a person must mend is probed
// rarely, because the queue should survive the repair and blind repeats harm the number's standing.
const THROTTLE = [0, S, MIN] as const;
const DOWN = [0, 5 * S, 5 * MIN] as const;
const HOURLY = [MIN, MIN, H] as const;
const PERSON = [5 * MIN, 5 * MIN, H] as const;
const DAY = [24 * H, 2 * H, 2 * H] as const;

const stop = (moves: Moves, means: string): LaterRule => later('stop', moves, PERSON, means);
const auth = (means: string): LaterRule => later('auth', 'credentials', [MIN, MIN, 15 * MIN], means);

const PERMISSION = auth('a permission is missing');

export const CODES: ReadonlyMap<number, CodeRule> = new Map<number, CodeRule>([
  // Rates
  [130429, later('throttle', 'sender', THROTTLE, 'the throughput of the number is reached')],
  // Six seconds pay the debt of one message (§1.3); the burst is never relied on, so a longer ladder is only for debts made elsewhere.
  [131056, later('pair', 'pair', [6 * S, 4 * S, 256 * S], 'too many messages to the same recipient')],
  [4, later('throttle', 'credentials', HOURLY, 'the call limit of the app is reached')],
  [17, later('throttle', 'credentials', HOURLY, 'the call limit of the user is reached')],
  [613, later('throttle', 'credentials', HOURLY, 'a call rate limit is reached')],
  [80007, later('throttle', 'portfolio', HOURLY, 'the call limit of the business account is reached')],
  [80008, later('throttle', 'portfolio', HOURLY, 'the call limit of the business account is reached')],
  [132069, later('throttle', 'template', [H, 5 * MIN, H], 'the flow is throttled')],
  // One person's marketing cap: sooner only errors again, and after two more days it is not worth it.
  [131049, counted(later('user', 'recipient', DAY, 'withheld: this person gets too much marketing'), 3)],

  // Meta's own troubles
  [2, later('transient', 'sender', DOWN, 'down or overloaded')],
  [131016, later('transient', 'sender', DOWN, 'the service is temporarily unavailable')],
  [133004, later('transient', 'sender', DOWN, 'the server is temporarily unavailable')],
  [
    131057,
    later('transient', 'sender', [MIN, 30 * S, 30 * S], 'the number is in maintenance or being upgraded'),
  ],
  [
    134101,
    later('transient', 'template', [30 * S, MIN, 10 * MIN], 'the template is still being synchronised'),
  ],
  [135000, counted(later('transient', 'item', [0, 5 * S, 5 * S], 'an unknown fault with the parameters'), 2)],
  [1, ambiguous('bad request or server fault')],
  [131000, ambiguous('an unknown fault')],

  // This recipient, for good
  [131050, failed('recipient', 'recipient', 'the user stopped marketing from this business')],
  [130472, failed('recipient', 'recipient', 'the user is in an experiment')],
  [131026, failed('recipient', 'recipient', 'undeliverable: not on WhatsApp, or an old client')],
  [
    131047,
    failed('recipient', 'recipient', 'more than 24 hours since the user wrote: only a template may go'),
  ],
  [131021, failed('recipient', 'item', 'sender and recipient are the same number')],
  [131030, failed('recipient', 'recipient', 'the recipient is not on the list of the test account')],
  [130403, failed('recipient', 'recipient', 'the business blocked this user')],
  [130497, failed('recipient', 'recipient', 'the account may not write to this country')],

  // This content, for good. With `template` everything else of the template would fail alike; with `item` it may be the row's data.
  [100, failed('job', 'item', 'a parameter is not supported or misspelled')],
  [131008, failed('job', 'item', 'a parameter is missing')],
  [131009, failed('job', 'item', 'a parameter is invalid')],
  [131051, failed('job', 'template', 'this type of message is not supported')],
  [131052, failed('job', 'template', 'the media could not be downloaded')],
  [131053, failed('job', 'template', 'the media could not be uploaded')],
  [131055, failed('job', 'template', 'only templates may go this way')],
  [131063, failed('job', 'template', 'marketing is disabled on this API')],
  [134100, failed('job', 'template', 'only marketing templates may go this way')],
  [134102, failed('job', 'template', 'the template is unavailable')],
  [132018, failed('job', 'template', 'the template does not pass validation')],
  [132000, failed('job', 'item', 'the number of variables does not fit the template')],
  [132001, failed('job', 'template', 'no approved template of this name and language')],
  [132005, failed('job', 'item', 'the text is too long with its variables')],
  [132007, failed('job', 'template', 'the template breaks the content policy')],
  [132012, failed('job', 'item', 'a variable has the wrong format')],
  [132016, failed('job', 'template', 'the template is disabled for good')],
  [132068, failed('job', 'template', 'the flow is blocked')],
  // Paused for three or six hours, then it goes again by itself (§3).
  [132015, later('stop', 'template', [H, H, 3 * H], 'the template is paused for low quality')],

  // A person must act. Kept in the queue: an unpaid bill has failed whole campaigns that one click would have saved.
  [131048, later('stop', 'sender', DAY, 'the number is restricted: people blocked or reported it')],
  [
    131064,
    later('stop', 'portfolio', [H, H, 6 * H], 'limited because templates were put in the wrong category'),
  ],
  [368, stop('portfolio', 'the account is blocked for breaking a policy')],
  [131031, stop('portfolio', 'the account is locked')],
  [131042, stop('portfolio', 'there is a problem with the payment')],
  [134011, stop('portfolio', 'the terms of payments wait for acceptance')],
  [131037, stop('sender', 'the display name of the number waits for approval')],
  [33, stop('sender', 'the number was deleted')],
  [131045, stop('sender', 'the number is not registered')],
  [133006, stop('sender', 'the number is not verified')],
  [133010, stop('sender', 'the number is not registered')],
  [133016, stop('sender', 'too many registrations of the number')],
  [133000, stop('sender', 'an earlier deregistration of the number failed')],
  [133005, stop('sender', 'the PIN of the number is wrong')],
  [133008, stop('sender', 'too many wrong PINs for the number')],
  [133009, stop('sender', 'the PIN of the number came too fast')],
  [133015, later('stop', 'sender', [5 * MIN, MIN, 5 * MIN], 'the number was deregistered a moment ago')],

  // Credentials
  [0, auth('the token is not valid')],
  [190, auth('the token is invalid or expired')],
  [104, auth('no token arrived')],
  [3, PERMISSION],
  [10, PERMISSION],
  [131005, PERMISSION],
]);

/** The rule of a code; undefined for a code that Meta does not document. 200–299 are one family: permissions. */
export function ruleOf(code: number): CodeRule | undefined {
  return code >= 200 && code <= 299 ? PERMISSION : CODES.get(code);
}

/** 429 without a readable code: something before Meta throttles. */
export const THROTTLED: LaterRule = later('throttle', 'sender', THROTTLE, 'too many requests');
/** An undocumented code that Graph itself marks `is_transient`. */
export const TRANSIENT: LaterRule = counted(later('transient', 'item', DOWN, 'a transient fault'), 5);
/** No connection: the other side or the way there is away. */
export const UNREACHABLE: LaterRule = later('transient', 'sender', THROTTLE, 'no connection');
/** The permit ran out before the write, or this process is stopping: nothing is wrong, it goes again at once. */
export const NOT_NOW: LaterRule = later('transient', 'item', [0, 0, 0], 'not sent in time');
/** The token holds characters that no header can carry. */
export const BAD_TOKEN: LaterRule = auth('the token or address of the sender cannot be used');
