// When messages may go, given quiet hours [from, to) in the local time of one or several zones: outside them in every zone. Pure; follows
// daylight saving to the minute: it asks the zone for its local time and never adds hours.
import { createHash } from 'node:crypto';

const MINUTE_MS = 60_000;
const DAY_MIN = 1_440;
const DAY_MS = DAY_MIN * MINUTE_MS;
/** A country so wide that it is always night somewhere in it has no span. Looked for this far ahead. */
const LOOK_MS = 8 * DAY_MS;
/** Spans that end within this are not worth a wake-up: what is shown last must be written before the end. */
const SPAN_MIN_MS = 1_000;
const CACHE_MAX = 2_000;
/** Lanes whose spans open at the same moment begin within this of each other. */
const JITTER_MS = 5_000;

/** Local times of day, "21:00". Not equal; `from` after `to` means over midnight. */
export interface QuietHours {
  from: string;
  to: string;
}

/** Messages may go from `opensMs` until before `closesMs` (unix ms). */
export interface Span {
  opensMs: number;
  closesMs: number;
}

/** The span that holds `atMs`, else the next; undefined when there is none, or no zone is known. */
export function spanOf(quiet: QuietHours, zones: readonly string[], atMs: number): Span | undefined {
  const rule = { fromMin: minuteOf(quiet.from), toMin: minuteOf(quiet.to) };
  const key = `${quiet.from} ${quiet.to} ${zones.join()}`;
  const known = spans.get(key);
  if (known && known.opensMs <= atMs && atMs + SPAN_MIN_MS <= known.closesMs) return known;
  const found = zones.length === 0 ? undefined : search(rule, zones, atMs);
  if (spans.size >= CACHE_MAX) spans.clear();
  if (found) spans.set(key, found);
  return found;
}

/** So long after its span opens a lane begins: always the same for a lane, so that a thousand lanes do not begin as one. */
export const jitterMs = (lane: string): number =>
  createHash('sha256').update(lane).digest().readUInt32BE() % JITTER_MS;

interface Rule {
  fromMin: number;
  toMin: number;
}

const spans = new Map<string, Span>();

function search(rule: Rule, zones: readonly string[], atMs: number): Span | undefined {
  for (let opensMs = atMs; opensMs <= atMs + LOOK_MS; ) {
    const quiet = zones.filter((zone) => isQuiet(rule, localMinute(zone, opensMs)));
    if (quiet.length > 0) {
      opensMs = Math.max(...quiet.map((zone) => nextChange(rule, zone, opensMs)));
      continue;
    }
    const closesMs = Math.min(...zones.map((zone) => nextChange(rule, zone, opensMs)));
    if (closesMs - opensMs >= SPAN_MIN_MS) return { opensMs, closesMs };
    opensMs = closesMs;
  }
  return undefined;
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const isQuiet = ({ fromMin, toMin }: Rule, minute: number): boolean =>
  fromMin < toMin ? fromMin <= minute && minute < toMin : fromMin <= minute || minute < toMin;

/** The first moment after `atMs` at which the zone turns from quiet to not quiet or back. */
function nextChange(rule: Rule, zone: string, atMs: number): number {
  const before = isQuiet(rule, localMinute(zone, atMs));
  let fromMs = atMs;
  for (;;) {
    const bound = boundary(rule, zone, fromMs);
    const shift = firstShift(zone, fromMs, bound);
    // No shift of the clock up to the bound: its two sides differ. A shift may jump over a bound, or back behind one.
    const next = shift ?? bound;
    if (isQuiet(rule, localMinute(zone, next)) !== before) return next;
    fromMs = next;
  }
}

/** When the local clock shows `from` or `to` next, if it is not shifted before. */
function boundary({ fromMin, toMin }: Rule, zone: string, atMs: number): number {
  const startMs = atMs - ((((atMs + offsetMs(zone, atMs)) % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
  const minute = localMinute(zone, atMs);
  const ahead = (to: number): number => (to - minute + DAY_MIN) % DAY_MIN || DAY_MIN;
  return startMs + Math.min(ahead(fromMin), ahead(toMin)) * MINUTE_MS;
}

/** The first moment in (fromMs, toMs] with another offset than at `fromMs`. Zones shift their clocks at most once in a day. */
function firstShift(zone: string, fromMs: number, toMs: number): number | undefined {
  const offset = offsetMs(zone, fromMs);
  if (offsetMs(zone, toMs) === offset) return undefined;
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(zone, middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

const localMinute = (zone: string, atMs: number): number =>
  Math.floor(((((atMs + offsetMs(zone, atMs)) % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time less UTC, ms. */
function offsetMs(zone: string, atMs: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1_000) * 1_000;
}
