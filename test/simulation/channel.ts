// What an actor asks of something outside of it, one after the other as over one connection. Each request is a step, and may meet a fault.
import type { Actor } from './actor.ts';
import type { World } from './world.ts';

export interface Request<T> {
  label: string;
  /** Carries it out, at the other side. */
  carryOut(): T | Promise<T>;
  /** What the actor gets when the connection breaks. */
  lost(carriedOut: boolean): Error;
}

interface Waiting {
  request: Request<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Channel {
  readonly #world: World;
  readonly #actor: Actor;
  #waiting: Waiting[] = [];
  #busy = false;
  /** A connection that broke is there again only then. */
  #downUntilUs = 0;

  constructor(world: World, actor: Actor) {
    this.#world = world;
    this.#actor = actor;
  }

  send<T>(request: Request<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ request, resolve: resolve as (value: unknown) => void, reject });
      if (!this.#busy) this.#arm(this.#world.latencyUs());
    });
  }

  #arm(delayUs: number): void {
    this.#busy = true;
    const atUs = Math.max(this.#world.nowUs + delayUs, this.#downUntilUs);
    this.#world.at(atUs, undefined, () => this.#next());
  }

  async #next(): Promise<void> {
    const head = this.#waiting.shift();
    this.#busy = false;
    if (!head) return;
    if (this.#actor.alive) await this.#meet(head);
    // Perhaps it was on its way before the actor died.
    else if (this.#world.chance(0.5)) this.#waiting = [];
    else await this.#carryOut(head, 'after its death: ');
    if (this.#waiting.length > 0 && !this.#busy) this.#arm(20);
  }

  async #meet(head: Waiting): Promise<void> {
    const world = this.#world;
    const fault = world.faultAt(this.#actor, head.request.label);
    if (fault === 'stall') {
      this.#waiting.unshift(head);
      return this.#arm(world.stallUs());
    }
    if (fault === 'die before') {
      this.#waiting = [];
      return world.kill(this.#actor);
    }
    if (fault === 'lose the request') return this.#break(head, false);
    const reply = await this.#carryOut(head);
    if (fault === 'die after') return world.kill(this.#actor);
    if (fault === 'lose the reply') return this.#break(head, true);
    if (fault === 'pause') world.pause(this.#actor);
    this.#reply(reply);
  }

  async #carryOut({ request, resolve, reject }: Waiting, when = ''): Promise<() => void> {
    try {
      const value = await request.carryOut();
      this.#world.note(this.#actor, `${when}${request.label} → ${shown(value, this.#world.startUs)}`);
      return () => resolve(value);
    } catch (error) {
      this.#world.note(this.#actor, `${when}${request.label} failed: ${String(error).slice(0, 120)}`);
      return () => reject(error);
    }
  }

  /** The connection is gone, and with it all that waited behind. */
  #break(head: Waiting, carriedOut: boolean): void {
    const rest = this.#waiting;
    this.#waiting = [];
    if (this.#world.lateOutcomes || this.#world.chance(0.5))
      this.#downUntilUs = this.#world.nowUs + this.#world.stallUs();
    this.#reply(() => {
      head.reject(head.request.lost(carriedOut));
      for (const { request, reject } of rest) reject(request.lost(false));
    });
  }

  #reply(action: () => void): void {
    const { pausedUntilUs } = this.#actor;
    if (pausedUntilUs > this.#world.nowUs) this.#world.at(pausedUntilUs, this.#actor, action);
    else action();
  }
}

/** Moments are told from the start of the world, or no two traces were alike. */
function shown(value: unknown, startUs: number): string {
  const text = JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && 'type' in one && one.type === 'Buffer' ? 'bytes' : one,
  );
  return (text ?? '')
    .slice(0, 300)
    .replace(/\d{16}/g, (us) => `+${Number(us) - startUs}us`)
    .replace(/\d{13}/g, (ms) => `+${Number(ms) - startUs / 1_000}ms`);
}
