// The rows of one zone set: found in the bytes that intake wrote, one per row. They never change, so slices of them are kept at hand.
import { ask, type Redis } from '../../src/base/redis.ts';
import { jobKeys } from '../../src/ledger/keys.ts';
import type { JobView } from './jobs.ts';
import { Recent } from './recent.ts';

/** Bytes read at a time, and slices at hand: 4 MB. */
const SLICE_ROWS = 65_536;
const MAX_SLICES = 64;

export interface ZoneRows {
  runs: { from: number; count: number }[];
  /** The first row of the set behind the last run, or the number of rows. */
  next: number;
}

export interface ZoneRowFinder {
  /** At most `count` rows of set `zone` from row `from` on and before row `due`, neighbours together. */
  find(view: JobView, zone: number, from: number, due: number, count: number): Promise<ZoneRows>;
  /** The set that a row belongs to. */
  zoneAt(view: JobView, row: number): Promise<number>;
}

export function createZoneRows(redis: Redis, namespace: string): ZoneRowFinder {
  const slices = new Recent<Buffer>(MAX_SLICES);
  const sliceAt = async ({ home, seal }: JobView, n: number): Promise<Buffer> => {
    const id = `${seal.job}:${seal.fingerprint}:${n}`;
    const known = slices.get(id);
    if (known) return known;
    const { zones } = jobKeys(namespace, home, seal.job, seal.fingerprint);
    const bytes = await ask(redis.client.getrangeBuffer(zones, n * SLICE_ROWS, (n + 1) * SLICE_ROWS - 1));
    if (bytes.length > 0) slices.set(id, bytes);
    return bytes;
  };
  /** The first row of the set from `from` on; the number of rows when there is none. */
  const after = async (view: JobView, zone: number, from: number): Promise<number> => {
    for (let row = from; row < view.seal.rows; ) {
      const n = Math.floor(row / SLICE_ROWS);
      const found = (await sliceAt(view, n)).indexOf(zone, row - n * SLICE_ROWS);
      if (found >= 0) return n * SLICE_ROWS + found;
      row = (n + 1) * SLICE_ROWS;
    }
    return view.seal.rows;
  };
  return {
    find: async (view, zone, from, due, count) => {
      const runs: ZoneRows['runs'] = [];
      const end = Math.min(due, view.seal.rows);
      let row = await after(view, zone, from);
      for (let left = count; left > 0 && row < end; left -= 1) {
        const last = runs.at(-1);
        if (last && last.from + last.count === row) last.count += 1;
        else runs.push({ from: row, count: 1 });
        row = await after(view, zone, row + 1);
      }
      return { runs, next: row };
    },
    zoneAt: async (view, row) => {
      const n = Math.floor(row / SLICE_ROWS);
      return (await sliceAt(view, n))[row - n * SLICE_ROWS] ?? NO_ZONE;
    },
  };
}

const NO_ZONE = 255;
