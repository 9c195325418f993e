// Every arrival as one compact row, in the order of its stamp, in segments that are dropped whole when the bound is
// reached. A row is opened when the head of a request is seen, and completed when its body has been judged.

const SEGMENT_ROWS = 65_536;
const MAX_SEGMENTS = 32;
/** 2,097,152 rows; the oldest segment goes first, and `forgotten` says how many rows went. */
export const MAX_ARRIVALS = SEGMENT_ROWS * MAX_SEGMENTS;

export const OUTCOMES = [
  'pending',
  'accepted',
  'refused',
  'aborted',
  'drop_before',
  'drop_after',
  'error_after',
  'garbage',
  'throttle',
  'error',
] as const;
export type Outcome = (typeof OUTCOMES)[number];
const TAKEN: ReadonlySet<Outcome> = new Set<Outcome>(['accepted', 'drop_after', 'error_after', 'garbage']);

export interface Arrival {
  seq: number;
  at_us: number;
  at: string;
  number: string;
  to: string | null;
  ref: string | null;
  outcome: Outcome;
  /** The error code answered, else null. */
  code: number | null;
  taken: boolean;
}

interface Segment {
  atUs: Float64Array;
  wallMs: Float64Array;
  to: Float64Array;
  number: Uint16Array;
  outcome: Uint8Array;
  code: Int32Array;
  refs: (string | undefined)[];
}

export class Arrivals {
  readonly #segments: Segment[] = [];
  readonly #onForget: (ref: string) => void;
  #forgotten = 0;
  #length = 0;

  /** `onForget` hears of each reference whose row is dropped. */
  constructor(onForget: (ref: string) => void) {
    this.#onForget = onForget;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Opens a row; its sequence number counts from 1. */
  open(number: number, atUs: number, wallMs: number): number {
    const offset = this.#length % SEGMENT_ROWS;
    if (offset === 0) this.#addSegment();
    const segment = this.#segments.at(-1) as Segment;
    segment.atUs[offset] = atUs;
    segment.wallMs[offset] = wallMs;
    segment.number[offset] = number;
    this.#length += 1;
    return this.#length;
  }

  address(seq: number, waId: number, ref: string | undefined): void {
    const segment = this.#segmentOf(seq);
    if (segment === undefined) return;
    segment.to[(seq - 1) % SEGMENT_ROWS] = waId;
    segment.refs[(seq - 1) % SEGMENT_ROWS] = ref;
  }

  close(seq: number, outcome: Outcome, code: number): void {
    const segment = this.#segmentOf(seq);
    if (segment === undefined) return;
    segment.outcome[(seq - 1) % SEGMENT_ROWS] = OUTCOMES.indexOf(outcome);
    segment.code[(seq - 1) % SEGMENT_ROWS] = code;
  }

  /** Up to `limit` rows after `since`, oldest first, of one number or of all. */
  page(
    since: number,
    limit: number,
    number: number | undefined,
    nameOf: (number: number) => string,
  ): Arrival[] {
    const rows: Arrival[] = [];
    for (
      let seq = Math.max(since, this.#forgotten) + 1;
      seq <= this.#length && rows.length < limit;
      seq += 1
    ) {
      const segment = this.#segmentOf(seq) as Segment;
      const offset = (seq - 1) % SEGMENT_ROWS;
      if (number === undefined || segment.number[offset] === number)
        rows.push(readRow(segment, offset, seq, nameOf));
    }
    return rows;
  }

  #segmentOf(seq: number): Segment | undefined {
    if (seq <= this.#forgotten) return undefined;
    return this.#segments[Math.floor((seq - 1 - this.#forgotten) / SEGMENT_ROWS)];
  }

  #addSegment(): void {
    if (this.#segments.length === MAX_SEGMENTS) {
      const oldest = this.#segments.shift() as Segment;
      this.#forgotten += SEGMENT_ROWS;
      for (const ref of oldest.refs) if (ref !== undefined) this.#onForget(ref);
    }
    this.#segments.push({
      atUs: new Float64Array(SEGMENT_ROWS),
      wallMs: new Float64Array(SEGMENT_ROWS),
      to: new Float64Array(SEGMENT_ROWS),
      number: new Uint16Array(SEGMENT_ROWS),
      outcome: new Uint8Array(SEGMENT_ROWS),
      code: new Int32Array(SEGMENT_ROWS),
      refs: [],
    });
  }
}

function readRow(segment: Segment, offset: number, seq: number, nameOf: (number: number) => string): Arrival {
  const outcome = OUTCOMES[segment.outcome[offset] as number] as Outcome;
  const code = segment.code[offset] as number;
  const to = segment.to[offset] as number;
  return {
    seq,
    at_us: segment.atUs[offset] as number,
    at: new Date(segment.wallMs[offset] as number).toISOString(),
    number: nameOf(segment.number[offset] as number),
    to: to === 0 ? null : String(to),
    ref: segment.refs[offset] ?? null,
    outcome,
    code: code === 0 ? null : code,
    taken: TAKEN.has(outcome),
  };
}
