// The log in memory, as its port promises it: an append may be stored and its word lost, in part or twice; what was not committed comes again.
import { Failure } from '../../src/base/failure.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Appended, FollowOptions, Log, LogEntry, Topic } from '../../src/log/port.ts';
import { createFailed, createWork } from '../../src/log/work.ts';
import type { Actor } from './actor.ts';
import { Channel } from './channel.ts';
import type { World } from './world.ts';

export class VirtualLog {
  readonly #world: World;
  readonly #topics = new Map<Topic, LogEntry[]>();
  readonly #committed = new Map<string, number>();
  #readers: { actor: Actor; wake: () => void }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  of(actor: Actor): Log {
    return {
      history: undefined,
      prepare: () => Promise.resolve(),
      append: (topic, entries) => this.#append(actor, topic, entries),
      follow: async (options) => {
        const stopping = new AbortController();
        const { failed, fail } = createFailed();
        const work = createWork(options, {
          clock: actor.clock,
          logger: silentLogger,
          park: (entry) => this.#append(actor, 'dead', [entry]),
        });
        this.#follow(actor, options, work, stopping.signal).catch(fail);
        return {
          stop: async () => stopping.abort(),
          progress: work.progress,
          joined: Promise.resolve(),
          failed,
        };
      },
      dead: () => Promise.resolve([]),
      ping: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    };
  }

  #entriesOf(topic: Topic): LogEntry[] {
    const entries = this.#topics.get(topic) ?? [];
    this.#topics.set(topic, entries);
    return entries;
  }

  async #append(actor: Actor, topic: Topic, entries: readonly LogEntry[]): Promise<Appended> {
    const stored = this.#entriesOf(topic);
    await new Channel(this.#world, actor).send({
      label: `append ${topic} ${entries.length}`,
      carryOut: () => this.#store(stored, entries),
      lost: (carriedOut) => {
        // The client library may have sent some of it before the connection broke.
        if (!carriedOut && this.#world.chance(0.5))
          this.#store(stored, entries.slice(0, this.#world.int(0, entries.length - 1)));
        else if (!carriedOut) return lost('safe');
        return lost('unsafe');
      },
    });
    return new Map();
  }

  #store(stored: LogEntry[], entries: readonly LogEntry[]): void {
    stored.push(...entries);
    if (this.#world.chance(0.05)) stored.push(...entries);
    const readers = this.#readers;
    this.#readers = [];
    for (const { actor, wake } of readers)
      this.#world.at(this.#world.nowUs + this.#world.latencyUs(), actor, wake);
  }

  async #follow(
    actor: Actor,
    { topic, group }: FollowOptions,
    work: ReturnType<typeof createWork>,
    signal: AbortSignal,
  ): Promise<void> {
    const entries = this.#entriesOf(topic);
    const name = `${topic}:${group}`;
    const committed = this.#committed.get(name) ?? 0;
    // A commit may be lost with the process that sent it.
    let at = this.#world.chance(0.3) ? Math.max(0, committed - this.#world.int(1, 3)) : committed;
    while (!signal.aborted) {
      const entry = entries[at];
      if (!entry) {
        await new Promise<void>((wake) => void this.#readers.push({ actor, wake }));
        continue;
      }
      at += 1;
      if (!(await work.finish({ ...entry, topic, position: `0:${at}` }, signal))) return;
      await work.repeat(() => this.#commit(actor, name, at), signal);
    }
  }

  #commit(actor: Actor, name: string, at: number): Promise<void> {
    return new Channel(this.#world, actor).send({
      label: `commit ${at}`,
      carryOut: () => void this.#committed.set(name, Math.max(at, this.#committed.get(name) ?? 0)),
      lost: () => new Error('the commit was lost'),
    });
  }
}

const lost = (repeat: 'safe' | 'unsafe'): Failure =>
  new Failure({ code: 'unavailable', message: 'the log does not answer', repeat, retryAfterMs: 100 });
