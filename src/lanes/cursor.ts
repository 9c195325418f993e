// A cursor: where the rows of a job stand that go one after another. Named by its job, or "job/z" for the rows of one zone.
import type { SealRecord } from '../contract/record.ts';
import { jitterMs, spanOf } from './quiet-hours.ts';

export interface Cursor {
  name: string;
  /** As lua/_cursor.lua reads it. */
  text: string;
}

/** When the rows of a cursor may go next, µs. */
export interface OpenSpan {
  opensUs: number;
  closesUs: number;
}

/** The time zones of a job's recipients: sets that occur, and of each set the first row. */
export interface ZoneTable {
  sets: ZoneSet[];
}

export interface ZoneSet {
  /** IANA names; empty when nothing is known of the recipients. */
  zones: readonly string[];
  firstRow: number;
}

/** The job that a cursor's rows belong to. */
export const jobOfCursor = (name: string): string => name.split('/', 1)[0] ?? '';

/** The number of the zone set that a cursor is for; undefined when it is for all rows. */
export function zoneOfCursor(name: string): number | undefined {
  const slash = name.indexOf('/');
  return slash < 0 ? undefined : Number(name.slice(slash + 1));
}

/** What of a seal says when its rows go. */
export type Timed = Pick<
  SealRecord,
  | 'job'
  | 'sender'
  | 'rows'
  | 'created_at'
  | 'dies_at'
  | 'send_at'
  | 'spread_ms'
  | 'expires_at'
  | 'quiet_hours'
>;

/** The cursors of a job that nothing has left of: one, or one for each zone set. */
export function cursorsOf(seal: Timed, table: ZoneTable | undefined, nowMs: number): Cursor[] {
  const startMs = startMsOf(seal);
  const text = (firstRow: number, zones: readonly string[]): string => {
    const { opensUs, closesUs } = openSpan(seal, zones, Math.max(startMs, nowMs)) ?? ALWAYS;
    return [
      firstRow,
      seal.rows,
      micros(seal.quiet_hours ? endsMs(seal) : (seal.expires_at ?? 0)),
      micros(startMs),
      micros(seal.spread_ms ?? 0),
      opensUs.toFixed(0),
      closesUs.toFixed(0),
    ].join(' ');
  };
  if (!table?.sets.length) return [{ name: seal.job, text: text(0, zonesOfJob(seal)) }];
  return table.sets.map(({ zones, firstRow }, z) => ({
    name: `${seal.job}/${z}`,
    text: text(firstRow, zones),
  }));
}

/** When the first row is due. */
export const startMsOf = ({ send_at, created_at }: Pick<SealRecord, 'send_at' | 'created_at'>): number =>
  Math.max(send_at ?? created_at, created_at);

/** When rows for people in these zones may go, from `atMs` on; undefined without quiet hours. Closed until the end where no moment is known. */
export function openSpan(seal: Timed, zones: readonly string[], atMs: number): OpenSpan | undefined {
  if (!seal.quiet_hours) return undefined;
  const span = spanOf(seal.quiet_hours, zones, atMs);
  if (!span) return { opensUs: endsMs(seal) * 1_000, closesUs: endsMs(seal) * 1_000 };
  const late = span.opensMs > atMs ? jitterMs(seal.sender) : 0;
  const opensMs = span.opensMs + late < span.closesMs ? span.opensMs + late : span.opensMs;
  return { opensUs: opensMs * 1_000, closesUs: span.closesMs * 1_000 };
}

/** The zone that a job names for all its recipients. */
export const zonesOfJob = ({ quiet_hours }: Pick<SealRecord, 'quiet_hours'>): readonly string[] =>
  quiet_hours && quiet_hours.time_zone !== 'recipient' ? [quiet_hours.time_zone] : [];

/** No quiet hours. */
export const ALWAYS: OpenSpan = { opensUs: 0, closesUs: 0 };
const endsMs = (seal: Timed): number => seal.expires_at ?? seal.dies_at;
const micros = (ms: number): string => (ms * 1_000).toFixed(0);
/** Where a cursor stands. Times are µs; 0 is none. */
export interface Standing {
  next: number;
  rows: number;
  endsUs: number;
  startUs: number;
  spreadUs: number;
  /** Rows may go from `opensUs` until before `closesUs`. */
  opensUs: number;
  closesUs: number;
  /** Its template is held until then. */
  parkedUs: number;
}

/** A cursor's text, as lua/_cursor.lua writes it. */
export function readStanding(text: string): Standing {
  const [
    next = 0,
    rows = 0,
    endsUs = 0,
    startUs = 0,
    spreadUs = 0,
    opensUs = 0,
    closesUs = 0,
    ,
    parkedUs = 0,
  ] = text.split(' ').map(Number);
  return { next, rows, endsUs, startUs, spreadUs, opensUs, closesUs, parkedUs };
}
