// Meta's pair limit as a debt: one message per 6 s to one person, of which up to 45 may be borrowed inside 6 s;
// after a burst of N the pair is closed for N × 6 s. A token bucket would be too permissive right after a burst.
// Source: reference/meta-cloud-api.md §1.3.
import type { PairTable } from './pair-table.ts';

const PAIR_SPACING_US = 6_000_000;
const PAIR_BURST = 45;

/** Would a message at this moment break the pair's rule? Changes nothing. */
export function pairExceeds(pairs: PairTable, slot: number, atUs: number): boolean {
  const inWindow = pairs.columns.inWindow[slot] as number;
  if (inWindow === 0) return false;
  const windowStartUs = pairs.columns.windowStartUs[slot] as number;
  const blockedUntilUs = windowStartUs + PAIR_SPACING_US * inWindow;
  const mayBorrow = atUs < windowStartUs + PAIR_SPACING_US && inWindow < PAIR_BURST;
  return atUs < blockedUntilUs && !mayBorrow;
}

/** Charges an accepted message to the pair. Only for one that the rule allowed: a breach pays off no debt. */
export function chargePair(pairs: PairTable, slot: number, atUs: number): void {
  const { inWindow, windowStartUs } = pairs.columns;
  const open = (inWindow[slot] as number) > 0 && atUs < (windowStartUs[slot] as number) + PAIR_SPACING_US;
  if (!open) {
    windowStartUs[slot] = atUs;
    inWindow[slot] = 0;
  }
  inWindow[slot] = (inWindow[slot] as number) + 1;
}
