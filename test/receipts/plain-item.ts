// An item in plain TypeScript, by the words of src/ledger/states.md: what the scripts are compared with.
import type { Receipt } from '../../workers/receipts/merge.ts';
import type { To } from '../support/ledger-bench.ts';

const RANK: Record<string, number> = { s: 0, u: 1, a: 2, f: 3, d: 4, r: 5 };
const LETTER = { sent: 'a', failed: 'f', delivered: 'd', read: 'r' } as const;

export class PlainItem {
  state = 'q';
  tries = 0;
  /** Tries whose call holds its places. */
  readonly calls = new Set<number>();

  /** Whether a take may start it. */
  start(): boolean {
    if (this.state !== 'q') return false;
    this.tries += 1;
    this.state = 's';
    this.calls.add(this.tries);
    return true;
  }

  outcome(attempt: number, to: To): void {
    if (attempt !== this.tries) return;
    this.calls.delete(attempt);
    if (to === 'q' && (this.state === 's' || this.state === 'u')) this.state = 'q';
    if (to !== 'q') this.#raise(to);
  }

  receipt(attempt: number, status: Receipt['status']): void {
    const to = LETTER[status];
    const fact = to === 'd' || to === 'r';
    if (fact && !(this.state in RANK)) this.state = to;
    else if (fact || (attempt === this.tries && this.state !== 'q')) this.#raise(to);
  }

  #raise(to: string): void {
    if (this.state in RANK && (RANK[to] ?? 0) > (RANK[this.state] ?? 0)) this.state = to;
  }
}
