// One row per (number, recipient): how often it was taken, when it was last seen and taken, and its debt window.
// Open addressing over typed columns: a million pairs cost about 80 MB at worst and no work for the collector,
// where a Map of objects would stall the benchmarks that this sandbox is the far end of.

const INITIAL_SLOTS = 64;
/** About 12 million pairs per number; beyond it new pairs are not tracked, and counted as such. */
const MAX_SLOTS = 2 ** 24;
const FILL = 0.75;

interface Columns {
  /** The recipient's digits as a number (E.164 has at most 15, below 2^53); 0 is an empty slot. */
  waId: Float64Array;
  seenAtUs: Float64Array;
  takenAtUs: Float64Array;
  windowStartUs: Float64Array;
  /** Messages in the debt window; 0 means there is none. */
  inWindow: Uint8Array;
  taken: Uint32Array;
}

export class PairTable {
  columns: Columns = emptyColumns(INITIAL_SLOTS);
  size = 0;
  untracked = 0;

  /** The slot of a recipient, created when new; undefined when the table has reached its bound. */
  slotOf(waId: number): number | undefined {
    if (this.size >= this.columns.waId.length * FILL) this.#grow();
    const slot = findSlot(this.columns.waId, waId);
    if (this.columns.waId[slot] !== 0) return slot;
    if (this.size >= this.columns.waId.length * FILL) {
      this.untracked += 1;
      return undefined;
    }
    this.columns.waId[slot] = waId;
    this.size += 1;
    return slot;
  }

  #grow(): void {
    const old = this.columns;
    if (old.waId.length >= MAX_SLOTS) return;
    const next = emptyColumns(old.waId.length * 2);
    for (let from = 0; from < old.waId.length; from += 1) {
      const waId = old.waId[from] as number;
      if (waId === 0) continue;
      const to = findSlot(next.waId, waId);
      next.waId[to] = waId;
      next.seenAtUs[to] = old.seenAtUs[from] as number;
      next.takenAtUs[to] = old.takenAtUs[from] as number;
      next.windowStartUs[to] = old.windowStartUs[from] as number;
      next.inWindow[to] = old.inWindow[from] as number;
      next.taken[to] = old.taken[from] as number;
    }
    this.columns = next;
  }
}

function emptyColumns(slots: number): Columns {
  return {
    waId: new Float64Array(slots),
    seenAtUs: new Float64Array(slots).fill(Number.NEGATIVE_INFINITY),
    takenAtUs: new Float64Array(slots).fill(Number.NEGATIVE_INFINITY),
    windowStartUs: new Float64Array(slots),
    inWindow: new Uint8Array(slots),
    taken: new Uint32Array(slots),
  };
}

/** The slot that holds this recipient, else the empty one where it belongs (linear probing). */
function findSlot(waIds: Float64Array, waId: number): number {
  const mask = waIds.length - 1;
  const mixed = Math.imul(((waId % 4_294_967_296) | 0) ^ (waId / 4_294_967_296), 0x9e3779b1);
  let slot = (mixed ^ (mixed >>> 15)) & mask;
  for (;;) {
    const held = waIds[slot];
    if (held === waId || held === 0) return slot;
    slot = (slot + 1) & mask;
  }
}
