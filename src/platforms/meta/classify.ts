// One answer (or none) of Meta → what it means for the item. Pure. The code in the body decides; the HTTP status only where there is none.
import type { Answered, CallResult, NotSent, Unanswered } from '../../base/http.ts';
import type { Later, Verdict, Wait } from '../port.ts';
import {
  BAD_TOKEN,
  type CodeRule,
  type LaterRule,
  NOT_NOW,
  ruleOf,
  THROTTLED,
  TRANSIENT,
  UNREACHABLE,
} from './codes.ts';
import { itemsOf, objectOf } from './json.ts';
import { askedMs } from './retry-after.ts';

const MAX_MESSAGE = 200;
/** E.164 without its plus. */
const WA_ID = /^[1-9]\d{4,14}$/;
/** Digits as people write numbers, separators included: at least seven in a row. */
const PHONE = /\+?\d(?:[\s().-]{0,2}\d){6,}/g;
/** Tokens and message ids (which hold the recipient's number): long, with a digit and a capital. */
const TOKEN = /(?=[\w.+/=-]*\d)(?=[\w.+/=-]*[A-Z])[\w.+/=-]{20,}/g;

/** `nowMs`: unix milliseconds. `hidden`: texts that must not appear in a message, such as the token of the call. */
export function classify(result: CallResult, nowMs: number, hidden: readonly string[] = []): Verdict {
  switch (result.kind) {
    case 'answered':
      return classifyAnswer(result, nowMs, hidden);
    case 'not_sent':
      return classifyNotSent(result);
    case 'unanswered':
      return { outcome: 'unknown', code: result.reason, message: UNANSWERED[result.reason] };
  }
}

const UNANSWERED: Record<Unanswered['reason'], string> = {
  timeout: 'sent, but no answer came in time',
  reset: 'sent, but the connection broke before the answer',
  too_large: 'sent, but the answer is too large to read',
  protocol: 'sent, but the answer is no HTTP',
};

function classifyNotSent({ reason, detail }: NotSent): Later {
  if (reason === 'invalid') return later(BAD_TOKEN, 'invalid_credentials', BAD_TOKEN.means, undefined, false);
  if (reason === 'connect')
    return later(UNREACHABLE, 'unreachable', `no connection: ${detail}`, undefined, false);
  return later(NOT_NOW, reason, detail, undefined, false);
}

function classifyAnswer(answer: Answered, nowMs: number, hidden: readonly string[]): Verdict {
  const body = parse(answer.body);
  const taken = acceptedIn(body);
  if (taken) return taken;
  const error = errorIn(body);
  const wanted = () => askedMs(answer.headers, nowMs);
  if (!error) return withoutCode(answer.status, wanted);
  const rule = ruleOf(error.code) ?? ruleOfUndocumented(answer.status, error.transient);
  return verdict(rule, String(error.code), redact(error.message, hidden) || rule.means, wanted);
}

/** A message id is proof: whatever else the answer says, sending again would send twice. */
function acceptedIn(body: unknown): Verdict | undefined {
  const message = objectOf(itemsOf(objectOf(body)?.messages)[0]);
  const id = message?.id;
  if (typeof id !== 'string' || id === '') return undefined;
  const status = message?.message_status;
  // Held or paused for quality: Meta keeps the message and tells later by receipt (delivered, or failed with 132015).
  const number = objectOf(itemsOf(objectOf(body)?.contacts)[0])?.wa_id;
  return {
    outcome: 'accepted',
    providerId: id,
    held: status === 'held_for_quality_assessment' || status === 'paused',
    ...(typeof number === 'string' && WA_ID.test(number) && { reached: `+${number}` }),
  };
}

interface GraphError {
  code: number;
  message: string;
  transient: boolean;
}

/** `{"error":{…}}`, or `{"errors":[{…}]}` as some wrappers answer. `error_data` may be absent, an object or a string. */
function errorIn(body: unknown): GraphError | undefined {
  const root = objectOf(body);
  const error = objectOf(root?.error) ?? objectOf(itemsOf(root?.errors)[0]);
  if (!error) return undefined;
  const code =
    typeof error.code === 'string' && /^\d{1,9}$/.test(error.code) ? Number(error.code) : error.code;
  if (typeof code !== 'number' || !Number.isInteger(code)) return undefined;
  const details = objectOf(error.error_data)?.details ?? error.error_data;
  const message = [details, error.message, error.title].find(
    (text) => typeof text === 'string' && text !== '',
  );
  return {
    code,
    message: typeof message === 'string' ? message : '',
    transient: error.is_transient === true,
  };
}

/** Nothing readable but the status: 429 is a refusal by definition, after a 5xx or a garbled 2xx the message may be out. */
function withoutCode(status: number, wanted: () => number | undefined): Verdict {
  const code = `http_${status}`;
  if (status === 429) return later(THROTTLED, code, THROTTLED.means, wanted(), true);
  if (status >= 400 && status < 500)
    return { outcome: 'failed', code, message: `refused with HTTP ${status}`, moves: 'item' };
  return {
    outcome: 'unknown',
    code,
    message: `an answer with HTTP ${status} that says nothing of the message`,
  };
}

/** A code that is in no table: Graph's word `is_transient` counts, else the status as above. */
function ruleOfUndocumented(status: number, transient: boolean): CodeRule {
  if (status === 429) return THROTTLED;
  if (status >= 400 && status < 500) {
    return transient
      ? TRANSIENT
      : { class: 'job', outcome: 'failed', moves: 'item', means: `refused with HTTP ${status}` };
  }
  return { class: 'ambiguous', outcome: 'unknown', means: 'an unknown fault' };
}

function verdict(rule: CodeRule, code: string, message: string, wanted: () => number | undefined): Verdict {
  switch (rule.outcome) {
    case 'failed':
      return { outcome: 'failed', code, message, moves: rule.moves };
    case 'unknown':
      return { outcome: 'unknown', code, message };
    case 'later':
      return later(rule, code, message, wanted(), true);
  }
}

function later(
  rule: LaterRule,
  code: string,
  message: string,
  asked: number | undefined,
  sent: boolean,
): Later {
  const { atLeastMs, baseMs, capMs, counts, maxAttempts, moves } = rule;
  const wait: Wait = {
    atLeastMs,
    backoff: { baseMs, capMs },
    askedMs: asked === undefined ? undefined : Math.max(asked, atLeastMs),
  };
  const throttled = sent && rule.class === 'throttle';
  return {
    outcome: 'later',
    code,
    message,
    sent,
    counts: counts && sent,
    maxAttempts,
    moves,
    throttled,
    wait,
  };
}

/** What may be stored of a platform's words: no number, no token, at most 200 characters. */
export function redact(text: string, hidden: readonly string[] = []): string {
  let clean = text;
  for (const secret of hidden) if (secret !== '') clean = clean.replaceAll(secret, '…');
  clean = clean
    .slice(0, 8 * MAX_MESSAGE)
    .replace(TOKEN, '…')
    .replace(PHONE, '…');
  return clean.length <= MAX_MESSAGE ? clean : `${clean.slice(0, MAX_MESSAGE - 1)}…`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
