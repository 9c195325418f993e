// The ledger as JSON: totals over all numbers or of one, and the paged raw rows.
// `highest` is the most that ever arrived in any rolling window, accepted or not.
import { InputError, integer } from '../control/input.ts';
import type { PhoneNumber } from '../phone-number.ts';
import type { World } from '../world.ts';
import { type Moment, type Tally, VIOLATIONS } from './tally.ts';

const MAX_EXAMPLES = 20;
const DEFAULT_PAGE = 1000;
const MAX_PAGE = 10_000;

/** `GET /ledger`; undefined when the number asked for has never been heard of. */
export function ledgerReport(world: World, query: URLSearchParams): object | undefined {
  const id = query.get('number');
  const chosen = id === null ? [...world.numbers.values()] : [world.numbers.get(id)];
  const numbers = chosen.filter((number) => number !== undefined);
  if (numbers.length < chosen.length) return undefined;
  const counted = id === null ? [world.nobody, ...numbers] : numbers;
  const tallies = counted.map((number) => number.tally);
  return {
    totals: totalsOf(tallies),
    recipients: sum(tallies, (tally) => tally.recipients),
    repeats: sum(tallies, (tally) => tally.repeats),
    repeat_examples: counted.flatMap(repeatsOf).slice(0, MAX_EXAMPLES),
    duplicate_attempts: sum(tallies, (tally) => tally.duplicateAttempts),
    violations: violationsOf(tallies),
    numbers: Object.fromEntries(numbers.map((number) => [number.id, numberReport(world, number)])),
    portfolios: portfoliosOf(world),
    accounts: Object.fromEntries([...world.accounts].map(([id, book]) => [id, book.report()])),
    rows_forgotten: world.ledger.arrivals.forgotten,
    pairs_untracked: sum(tallies, (tally) => tally.pairs.untracked),
  };
}

/** `GET /ledger/arrivals`; undefined when the number asked for has never been heard of. */
export function arrivalsPage(world: World, query: URLSearchParams): object | undefined {
  const since = numeric(query, 'since', 0, 0, Number.MAX_SAFE_INTEGER);
  const limit = numeric(query, 'limit', DEFAULT_PAGE, 1, MAX_PAGE);
  const id = query.get('number');
  const number = id === null ? undefined : world.numbers.get(id);
  if (id !== null && number === undefined) return undefined;
  const rows = world.ledger.arrivals.page(since, limit, number?.index, (index) => world.nameOf(index));
  return {
    arrivals: rows,
    next_since: rows.length === limit ? (rows.at(-1)?.seq ?? null) : null,
    rows_forgotten: world.ledger.arrivals.forgotten,
  };
}

function totalsOf(tallies: Tally[]): object {
  const refused: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [code, count] of tally.refused) refused[code] = (refused[code] ?? 0) + count;
  }
  const droppedBefore = sum(tallies, (tally) => tally.droppedBefore);
  const droppedAfter = sum(tallies, (tally) => tally.droppedAfter);
  return {
    arrivals: sum(tallies, (tally) => tally.arrivals),
    taken: sum(tallies, (tally) => tally.taken),
    answered_ok: sum(tallies, (tally) => tally.answeredOk),
    refused,
    dropped: droppedBefore + droppedAfter,
    dropped_before: droppedBefore,
    dropped_after: droppedAfter,
    aborted: sum(tallies, (tally) => tally.aborted),
    pending: sum(tallies, (tally) => tally.pending),
    without_plus: sum(tallies, (tally) => tally.withoutPlus),
  };
}

function numberReport(world: World, number: PhoneNumber): object {
  const { tally, rules } = number;
  const limit = number.throughput(world.settings);
  return {
    arrivals: tally.arrivals,
    taken: tally.taken,
    recipients: tally.recipients,
    repeats: tally.repeats,
    highest: Object.fromEntries(number.windows.map(({ perMs, gauge }) => [`${perMs}ms`, gauge.highest])),
    limit: Number.isFinite(limit) ? limit : 'unlimited',
    windows: rules.windows,
    portfolio: rules.portfolio ?? null,
    first_at: isoOf(tally.first),
    last_at: isoOf(tally.last),
    span_ms:
      tally.first === undefined || tally.last === undefined
        ? null
        : (tally.last.atUs - tally.first.atUs) / 1000,
    violations: violationsOf([tally]),
    smallest_pair_gap_ms: milliseconds(tally.smallestTakenGapUs),
    smallest_pair_arrival_gap_ms: milliseconds(tally.smallestArrivalGapUs),
  };
}

function violationsOf(tallies: Tally[]): object {
  const byKind = VIOLATIONS.map((kind) => [kind, sum(tallies, (tally) => tally.violations[kind])] as const);
  return { total: byKind.reduce((total, [, count]) => total + count, 0), ...Object.fromEntries(byKind) };
}

function repeatsOf({ id, tally }: PhoneNumber): object[] {
  return tally.repeatExamples.map((recipient) => {
    const slot = tally.pairs.slotOf(recipient) ?? 0;
    return { number: id, to: String(recipient), taken: tally.pairs.columns.taken[slot] };
  });
}

function portfoliosOf(world: World): object {
  const nowUs = world.clock.nowUs();
  const entries = [...world.portfolios].map(([id, { limit, unique, violations }]) => [
    id,
    { limit, unique_24h: unique.countAt(nowUs), highest_unique_24h: unique.highest, violations },
  ]);
  return Object.fromEntries(entries);
}

function numeric(query: URLSearchParams, name: string, absent: number, min: number, max: number): number {
  const given = query.get(name);
  if (given === null) return absent;
  if (!/^[0-9]{1,16}$/.test(given))
    throw new InputError(name, `must be a whole number from ${min} to ${max}`);
  return integer(min, max)(Number(given), name);
}

function sum(tallies: Tally[], read: (tally: Tally) => number): number {
  return tallies.reduce((total, tally) => total + read(tally), 0);
}

function isoOf(moment: Moment | undefined): string | null {
  return moment === undefined ? null : new Date(moment.wallMs).toISOString();
}

/** Null before any pair was seen twice. */
function milliseconds(us: number): number | null {
  return Number.isFinite(us) ? us / 1000 : null;
}
