// The queue of tickets in memory. A ticket may be lost with whoever has taken it, or on its way in.
import type { Ticket, TicketQueue } from '../../src/base/queue.ts';
import type { Actor } from './actor.ts';
import { Channel } from './channel.ts';
import type { World } from './world.ts';

type Open = (ticket: Ticket) => Promise<void>;

export class VirtualTickets {
  readonly #world: World;
  readonly #waiting = new Map<string, Ticket>();
  readonly #takers = new Map<Actor, Open>();

  constructor(world: World) {
    this.#world = world;
  }

  of(actor: Actor): TicketQueue {
    const ask = <T>(label: string, carryOut: () => T) =>
      new Channel(this.#world, actor).send({ label, carryOut, lost: () => new Error('the queue is away') });
    return {
      // Lost tickets are only logged.
      add: (ticket, delayMs) =>
        ask(`ticket ${ticket.sender}`, () => this.#add(ticket, delayMs)).catch(() => {}),
      waits: (ticket) => ask('waits', () => this.#waiting.has(nameOf(ticket))),
      anyDue: () => Promise.resolve(false),
      take: (open) => {
        this.#takers.set(actor, open);
        for (const name of this.#waiting.keys()) this.#offer(name, 0);
        return { stop: async () => void this.#takers.delete(actor) };
      },
      close: () => Promise.resolve(),
    };
  }

  #add(ticket: Ticket, delayMs: number): void {
    const name = nameOf(ticket);
    if (this.#waiting.has(name)) return;
    this.#waiting.set(name, ticket);
    this.#offer(name, Math.max(0, delayMs) * 1_000);
  }

  #offer(name: string, delayUs: number): void {
    this.#world.at(this.#world.nowUs + delayUs + this.#world.latencyUs(), undefined, () => this.#give(name));
  }

  #give(name: string): void {
    const ticket = this.#waiting.get(name);
    const takers = [...this.#takers.keys()].filter((actor) => actor.alive);
    const actor = takers[this.#world.int(0, takers.length - 1)];
    const open = actor && this.#takers.get(actor);
    if (!ticket || !open) return;
    this.#waiting.delete(name);
    this.#world.note(actor, `takes a ticket of ${ticket.sender}`);
    this.#world.at(
      this.#world.nowUs + this.#world.latencyUs(),
      actor,
      () => void open(ticket).catch(() => {}),
    );
  }
}

const nameOf = ({ sender, n }: Ticket): string => `${sender}.${n}`;
