// Who wrote to a number in the last 24 h: replies to them are free, they use no place of the messaging limit.

const DAY_US = 24 * 3600 * 1_000_000;
/** The oldest go first; a test never opens so many. */
const MAX_WINDOWS = 1_000_000;

export class CustomerWindows {
  readonly #untilUs = new Map<number, number>();

  /** This person wrote; each message opens the window anew. */
  opened(waId: number, atUs: number): void {
    this.#untilUs.delete(waId);
    this.#untilUs.set(waId, atUs + DAY_US);
    const oldest = this.#untilUs.keys().next();
    if (this.#untilUs.size > MAX_WINDOWS && !oldest.done) this.#untilUs.delete(oldest.value);
  }

  isOpen(waId: number, atUs: number): boolean {
    return (this.#untilUs.get(waId) ?? 0) > atUs;
  }
}
