// The time zones of a job's recipients: a set of zones for each row, as a byte, and which sets there are. For jobs with quiet hours where
// the recipients are. A contact's own zone counts first, then all zones of the number's country; of some nothing is known.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { zonesOfNumber } from '../../src/base/phone-zones.ts';
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import type { Row, SealRecord } from '../../src/contract/record.ts';
import type { ZoneSet } from '../../src/lanes/cursor.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import { chunkRange, startsOf } from '../../src/ledger/row.ts';

/** The zones that a workspace's contacts have told, by E.164 number; a number that is not in it has told none. */
type ContactZones = (
  owner: Pick<SealRecord, 'workspace' | 'environment'>,
  numbers: readonly string[],
) => Promise<Map<string, string>>;

export interface RowZones {
  sets: ZoneSet[];
  /** The number of each row's set. */
  bytes: Buffer;
}

/** A byte names a set; what comes after so many is treated as unknown. */
const MAX_SETS = 250;
const NO_ROW = 255;

/** Undefined when the job needs none, or a chunk is not in yet. About 10 µs a row. */
export async function zonesOfRows(
  redis: Redis,
  namespace: string,
  seal: SealRecord,
  contactZones: ContactZones = async () => new Map(),
): Promise<RowZones | undefined> {
  if (seal.quiet_hours?.time_zone !== 'recipient') return undefined;
  const found = {
    sets: [] as ZoneSet[],
    numbers: new Map<string, number>(),
    bytes: Buffer.alloc(seal.rows, NO_ROW),
  };
  for (const [n, start] of startsOf(seal).entries()) {
    const { rows: key } = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, n);
    const blob = await ask(redis.client.getBuffer(key));
    if (!blob) return undefined;
    const { first, last } = chunkRange(seal, n);
    const rows = decodeRows(blob).slice(0, last - first + 1);
    const told = await contactZones(
      seal,
      rows.flatMap((row) => (row === 0 ? [] : [row[0]])),
    );
    addRows(found, rows, start, told);
    await nextTurn();
  }
  return { sets: found.sets, bytes: found.bytes };
}

interface Found extends RowZones {
  /** Zones, joined → number of the set. */
  numbers: Map<string, number>;
}

function addRows(found: Found, rows: readonly Row[], start: number, told: ReadonlyMap<string, string>): void {
  for (const [offset, row] of rows.entries()) {
    if (row === 0) continue;
    const own = told.get(row[0]);
    const zones = own === undefined ? zonesOfNumber(row[0]) : [own];
    found.bytes[start + offset] = setOf(found, zones, start + offset);
  }
}

function setOf(found: Found, zones: readonly string[], row: number): number {
  const { sets, numbers } = found;
  const known = numbers.get(zones.join());
  if (known !== undefined) return known;
  if (sets.length >= MAX_SETS && zones.length > 0) return setOf(found, [], row);
  numbers.set(zones.join(), sets.push({ zones, firstRow: row }) - 1);
  return sets.length - 1;
}
