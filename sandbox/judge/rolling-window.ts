// Two readings of "how many in any rolling P", both exact to the microsecond over half-open windows (t - P, t]:
// the gate, which says whether one more message would break n per P, and the gauge, which says what the
// highest count ever was. They share no state, so that the judge's verdicts can be checked against the gauge.
import { StampRing } from './stamp-ring.ts';

/** A body may arrive this long after its head and still be judged at the moment of its head. */
const LATE_BODY_US = 10_000_000;

/** What was let through. A message is judged at the stamp of its head, so one may be inserted before later ones. */
export class RollingGate {
  readonly #perUs: number;
  readonly #letThrough = new StampRing();

  constructor(perUs: number) {
    this.#perUs = perUs;
  }

  /** Would letting a message of this stamp through put more than `count` into some rolling window? */
  exceeds(stampUs: number, count: number): boolean {
    const ring = this.#letThrough;
    const place = ring.placeOf(stampUs);
    const stampAt = (index: number): number => {
      if (index === place) return stampUs;
      return ring.at(index < place ? index : index - 1);
    };
    for (let index = Math.max(place, count); index <= ring.length && index - count <= place; index += 1) {
      if (stampAt(index) - stampAt(index - count) < this.#perUs) return true;
    }
    return false;
  }

  letThrough(stampUs: number): void {
    this.#letThrough.insert(stampUs);
    this.#letThrough.dropThrough(stampUs - this.#perUs - LATE_BODY_US);
  }
}

/** What arrived, whatever became of it. Stamps come in order, because a stamp is taken when the head is seen. */
export class RollingGauge {
  readonly #perUs: number;
  readonly #arrived = new StampRing();
  #highest = 0;

  constructor(perUs: number) {
    this.#perUs = perUs;
  }

  get highest(): number {
    return this.#highest;
  }

  arrived(stampUs: number): void {
    this.#arrived.dropThrough(stampUs - this.#perUs);
    this.#arrived.insert(stampUs);
    if (this.#arrived.length > this.#highest) this.#highest = this.#arrived.length;
  }
}
