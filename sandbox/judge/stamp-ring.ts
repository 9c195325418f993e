// Microsecond stamps in rising order, in one typed array that wraps around and doubles when full.
// Cheap enough for every request; bounded, so a day-long window under a flood forgets its oldest stamps first.

const INITIAL_STAMPS = 256;
/** 16 MB of stamps per window: 2,000 per second over 17 minutes, or 24 per second over a day. */
const MAX_STAMPS = 2 ** 21;

export class StampRing {
  #stamps = new Float64Array(INITIAL_STAMPS);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The stamp at a position; 0 is the oldest. The caller keeps the index inside [0, length). */
  at(index: number): number {
    return this.#stamps[(this.#head + index) & (this.#stamps.length - 1)] as number;
  }

  /** Where a stamp belongs: after every stamp that is not later. */
  placeOf(stampUs: number): number {
    let place = this.#length;
    while (place > 0 && this.at(place - 1) > stampUs) place -= 1;
    return place;
  }

  /** Inserts in order; at the end in O(1), which is the ordinary case. */
  insert(stampUs: number): void {
    if (this.#length === this.#stamps.length) this.#makeRoom();
    const place = this.placeOf(stampUs);
    for (let index = this.#length; index > place; index -= 1) this.#set(index, this.at(index - 1));
    this.#set(place, stampUs);
    this.#length += 1;
  }

  /** Forgets every stamp at or before the given moment. */
  dropThrough(momentUs: number): void {
    while (this.#length > 0 && this.at(0) <= momentUs) this.#dropOldest();
  }

  #set(index: number, stampUs: number): void {
    this.#stamps[(this.#head + index) & (this.#stamps.length - 1)] = stampUs;
  }

  #dropOldest(): void {
    this.#head = (this.#head + 1) & (this.#stamps.length - 1);
    this.#length -= 1;
  }

  #makeRoom(): void {
    if (this.#stamps.length >= MAX_STAMPS) {
      this.#dropOldest();
      return;
    }
    const larger = new Float64Array(this.#stamps.length * 2);
    for (let index = 0; index < this.#length; index += 1) larger[index] = this.at(index);
    this.#stamps = larger;
    this.#head = 0;
  }
}
