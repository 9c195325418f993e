// When the platform asks us to come back. Retry-After is in seconds or a date, resets are unix seconds or milliseconds, and Graph's
// usage header is in minutes: here they all become milliseconds from now, above 0 and at most a day; undefined = it did not say.
import type { AnswerHeaders } from '../../base/http.ts';

const MAX_MS = 24 * 3_600_000;
/** Numbers from here on are unix milliseconds, from the next on unix seconds, below it seconds from now. */
const UNIX_MS_FROM = 1e11;
const UNIX_S_FROM = 1e9;

/** `nowMs`: unix milliseconds here; the answer's own `date` is preferred for absolute times, so that skewed clocks do no harm. */
export function askedMs(headers: AnswerHeaders, nowMs: number): number | undefined {
  const here = dateMs(first(headers.date)) ?? nowMs;
  const said =
    retryAfterMs(first(headers['retry-after']), here) ?? resetMs(first(headers['x-ratelimit-reset']), here);
  return bounded(said ?? regainMs(first(headers['x-business-use-case-usage'])));
}

function retryAfterMs(text: string | undefined, hereMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = dateMs(text);
  return at === undefined ? undefined : at - hereMs;
}

function resetMs(text: string | undefined, hereMs: number): number | undefined {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (value >= UNIX_MS_FROM) return value - hereMs;
  return value >= UNIX_S_FROM ? value * 1_000 - hereMs : value * 1_000;
}

/** The longest `estimated_time_to_regain_access` of any account in the header. Minutes. */
function regainMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  let minutes = 0;
  for (const [, value] of text.matchAll(/"estimated_time_to_regain_access"\s*:\s*(\d{1,6})/g))
    minutes = Math.max(minutes, Number(value));
  return minutes > 0 ? minutes * 60_000 : undefined;
}

/** The three forms of an HTTP date; the oldest has no zone and means GMT. */
function dateMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

const bounded = (ms: number | undefined): number | undefined =>
  ms === undefined || !(ms > 0) ? undefined : Math.min(MAX_MS, Math.ceil(ms));

const first = (value: string | string[] | undefined): string | undefined =>
  (Array.isArray(value) ? value[0] : value)?.trim();
