// A process of the world: it lives, it may stand still, and it dies with all that it waits for. Its clock is the world's.
import type { Clock, Timer } from '../../src/base/clock.ts';
import { seededRandom } from '../support/dice.ts';
import type { Inhabitant, World } from './world.ts';

export class Actor implements Inhabitant {
  readonly role: string;
  /** How many of its role there were before it. */
  readonly life: number;
  readonly mortal: boolean;
  readonly clock: Clock;
  alive = true;
  pausedUntilUs = 0;

  constructor(world: World, role: string, life: number, mortal = true) {
    this.role = role;
    this.life = life;
    this.mortal = mortal;
    this.clock = clockOf(world, this);
  }

  get name(): string {
    return `${this.role}.${this.life}`;
  }
}

function clockOf(world: World, actor: Actor): Clock {
  const random = seededRandom(world.int(0, 2 ** 31));
  // Each process has a zero of its own: whoever takes one clock for another is found out.
  const zeroUs = world.startUs - world.int(1, 1_000_000_000);
  // Upkeep looks around all the time; when it is a busy machine that it runs on, it does so less often.
  const slowness = actor.role === 'upkeep' ? world.int(1, 5) : 1;
  const after = (delayMs: number, action: () => void): Timer => {
    const event = world.at(world.nowUs + Math.max(0, delayMs) * 1_000 * slowness, actor, action);
    return {
      cancel: () => {
        event.canceled = true;
      },
    };
  };
  return {
    now: () => Math.floor(world.nowUs / 1_000),
    monotonicUs: () => world.nowUs - zeroUs,
    after,
    delay: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = after(delayMs, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            timer.cancel();
            resolve();
          },
          { once: true },
        );
      }),
    random,
    randomHex: (bytes) =>
      Array.from({ length: bytes }, () =>
        Math.floor(random() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  };
}
