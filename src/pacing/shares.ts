// Divides what is there among those who want it: everybody the same, and what one cannot use goes to the others.

/** `wants` → what each gets of `total`. */
export function evenShares(wants: readonly number[], total: number): number[] {
  if (wants.length === 1) return [Math.min(wants[0] ?? 0, total)];
  const gets = wants.map(() => 0);
  const order = wants.map((_, i) => i).sort((a, b) => (wants[a] ?? 0) - (wants[b] ?? 0));
  let left = total;
  for (const [place, i] of order.entries()) {
    const share = Math.min(wants[i] ?? 0, left / (order.length - place));
    gets[i] = share;
    left -= share;
  }
  return gets;
}
