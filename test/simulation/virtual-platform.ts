// The platform: what has arrived there is its own ledger, whatever the caller hears of it.
import type { Attempt, Later, Platform, Sent, Verdict } from '../../src/platforms/port.ts';
import type { Actor } from './actor.ts';
import { Channel } from './channel.ts';
import type { World } from './world.ts';

/** What happened to one attempt, seen from both sides. */
export interface Call {
  attemptId: string;
  to: string;
  by: Actor;
  /** When it was at the platform, µs; undefined: not yet, or never. */
  arrivedUs?: number;
  /** What the platform said, at its side. */
  said?: Verdict['outcome'];
  /** What the caller made of it, and when. */
  heard?: Verdict['outcome'];
  heardUs?: number;
}

/** An answer that has not come by then does not come. */
const ANSWER_MS = 1_500;

export class VirtualPlatform {
  readonly #world: World;
  readonly calls: Call[] = [];
  /** Parts of all answers that are refusals, "not now", and connections that are never made. */
  #moods: { refused: number; later: number; unsent: number; slow: number };

  constructor(world: World) {
    this.#world = world;
    const mood = (most: number) => world.random() ** 3 * most;
    this.#moods = { refused: mood(0.3), later: mood(0.4), unsent: mood(0.6), slow: mood(1) };
    if (world.lateOutcomes) this.#moods = { ...this.#moods, unsent: 0.3, slow: 0.8 };
  }

  of(actor: Actor): Platform {
    return {
      send: (_sender, attempt, mayWrite) => this.#send(actor, attempt, mayWrite),
      check: () => undefined,
      missingVariables: () => [],
      isOptOut: () => false,
    };
  }

  async #send(actor: Actor, { attemptId, to }: Attempt, mayWrite: () => boolean): Promise<Sent> {
    const { clock } = actor;
    const call: Call = { attemptId, to, by: actor };
    this.calls.push(call);
    await clock.delay(this.#world.latencyUs() / 1_000);
    const end = (verdict: Verdict, writtenAtUs?: number): Sent => {
      call.heard ??= verdict.outcome;
      call.heardUs ??= this.#world.nowUs;
      return { verdict, writtenAtUs, endedAtUs: clock.monotonicUs() };
    };
    if (this.#world.chance(this.#moods.unsent)) return end(later('unreachable', false));
    if (!mayWrite()) return end(later('too_late', false));
    const writtenAtUs = clock.monotonicUs();
    const answer = new Channel(this.#world, actor).send({
      label: `call ${to}`,
      carryOut: () => this.#arrive(call),
      lost: () => new Error('the connection broke'),
    });
    const answered = answer.then(async (verdict) => {
      if (this.#world.chance(this.#moods.slow)) await clock.delay(this.#world.int(50, ANSWER_MS + 400));
      return verdict;
    });
    const late = clock.delay(ANSWER_MS).then(() => unknown('timeout'));
    return end(await Promise.race([answered.catch(() => unknown('reset')), late]), writtenAtUs);
  }

  #arrive(call: Call): Verdict {
    call.arrivedUs = this.#world.nowUs;
    const dice = this.#world.random();
    const { refused, later: laterPart } = this.#moods;
    const verdict: Verdict =
      dice < refused
        ? { outcome: 'failed', code: '131026', message: 'not there', moves: 'item' }
        : dice < refused + laterPart
          ? later('130429', true)
          : { outcome: 'accepted', providerId: `wamid.${call.attemptId}`, held: false };
    call.said = verdict.outcome;
    return verdict;
  }
}

const unknown = (code: string): Verdict => ({ outcome: 'unknown', code, message: 'nobody knows' });

const later = (code: string, sent: boolean): Later => ({
  outcome: 'later',
  code,
  message: 'not now',
  sent,
  counts: sent,
  maxAttempts: sent ? 4 : undefined,
  moves: 'item',
  throttled: false,
  wait: { atLeastMs: 0, backoff: { baseMs: sent ? 50 : 10, capMs: 200 }, askedMs: undefined },
});
