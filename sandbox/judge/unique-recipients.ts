// Distinct people of one portfolio in a rolling 24 h, each scored by the last message that was accepted for them,
// over all numbers of the portfolio. A Map kept in order of last send makes both questions O(1).

const DAY_US = 24 * 3600 * 1_000_000;

export class UniqueRecipients {
  readonly #lastSendUs = new Map<number, number>();
  #highest = 0;

  get highest(): number {
    return this.#highest;
  }

  /** How many distinct people lie in the 24 h before this moment. */
  countAt(atUs: number): number {
    for (const [waId, lastUs] of this.#lastSendUs) {
      if (lastUs > atUs - DAY_US) break;
      this.#lastSendUs.delete(waId);
    }
    return this.#lastSendUs.size;
  }

  /** Would this person be one too many? Somebody who is already counted never is. */
  exceeds(waId: number, atUs: number, limit: number): boolean {
    return this.countAt(atUs) >= limit && !this.#lastSendUs.has(waId);
  }

  accepted(waId: number, atUs: number): void {
    this.countAt(atUs);
    this.#lastSendUs.delete(waId);
    this.#lastSendUs.set(waId, atUs);
    if (this.#lastSendUs.size > this.#highest) this.#highest = this.#lastSendUs.size;
  }
}
