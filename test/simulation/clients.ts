// Clients: each has a key and a body, and posts them until it is told that they are accepted; some post twice, some at the same time, and
// some cancel what they have posted. What they were told is their history.
import type { BulkRequest } from '../../src/accept/port.ts';
import { Failure } from '../../src/base/failure.ts';
import { Actor } from './actor.ts';
import { type Api, type Cast, WORKSPACE } from './cast.ts';
import type { World } from './world.ts';

/** A request without an answer for this long is made again. */
const PATIENCE_MS = 3_000;
const REPLY_LOST = 0.04;

export interface Order {
  key: string;
  sender: string;
  recipients: string[];
  onUnknown: 'hold' | 'resend';
}

/** What a client was told: this job has this order. */
export interface Told {
  order: Order;
  job: string;
  home: string;
}

export interface Clients {
  orders: Order[];
  told: Told[];
  /** Jobs whose cancellation was acknowledged. */
  canceled: Set<string>;
  /** Clients that still want something. */
  busy(): number;
}

export function startClients(world: World, cast: Cast, senders: readonly string[]): Clients {
  const actor = new Actor(world, 'client', 0, false);
  const clients = { orders: ordersOf(world, senders), told: [] as Told[], canceled: new Set<string>() };
  let busy = 0;
  const begin = (order: Order, cancels: boolean): void => {
    busy += 1;
    const startMs = world.int(0, 400);
    actor.clock.after(startMs, () => {
      void insist(world, cast, actor, order, clients.told)
        .then((told) => (cancels ? cancel(world, cast, actor, told, clients.canceled) : undefined))
        .finally(() => {
          busy -= 1;
        });
    });
  };
  for (const order of clients.orders) {
    const times = world.chance(0.4) ? world.int(2, 4) : 1;
    const cancels = world.chance(0.12);
    for (let i = 0; i < times; i += 1) begin(order, cancels && i === 0);
  }
  return { ...clients, busy: () => busy };
}

function ordersOf(world: World, senders: readonly string[]): Order[] {
  return Array.from({ length: world.int(1, 3) }, (_, n) => ({
    key: `key-${n}`,
    sender: senders[world.int(0, senders.length - 1)] ?? '',
    recipients: Array.from({ length: world.int(1, 6) }, (_, i) => `+1650555${n}${String(100 + i)}`),
    onUnknown: world.chance(0.2) ? 'resend' : 'hold',
  }));
}

/** Posts until it is accepted. */
async function insist(world: World, cast: Cast, actor: Actor, order: Order, told: Told[]): Promise<Told> {
  for (;;) {
    const reply = await ask(world, cast, actor, ({ accept }) => accept.bulk(requestOf(order)));
    if (reply instanceof Failure) {
      world.note(actor, `${order.key}: ${reply.code}`);
      if (reply.repeat === 'never' && reply.code !== 'idempotency_in_progress') throw reply;
      await actor.clock.delay(Math.min(reply.retryAfterMs ?? 200, 300));
    } else if (reply) {
      world.note(actor, `${order.key} is ${reply.job}`);
      const one = { order, job: reply.job, home: reply.home };
      told.push(one);
      return one;
    }
  }
}

async function cancel(
  world: World,
  cast: Cast,
  actor: Actor,
  told: Told,
  canceled: Set<string>,
): Promise<void> {
  await actor.clock.delay(world.int(0, 500));
  for (;;) {
    const reply = await ask(world, cast, actor, async ({ control }) => ({
      done: await control.act(told.home, told.job, 'cancel'),
    }));
    if (reply instanceof Failure) {
      if (reply.code === 'conflict') return;
      await actor.clock.delay(200);
    } else if (reply) {
      world.note(actor, `${told.job} is canceled`);
      if (reply.done) canceled.add(told.job);
      return;
    }
  }
}

/** One request to the API that lives now. Undefined: nothing came back. */
async function ask<T>(
  world: World,
  cast: Cast,
  actor: Actor,
  what: (api: Api) => Promise<T>,
): Promise<T | Failure | undefined> {
  const api = cast.api();
  const silence = actor.clock.delay(api ? PATIENCE_MS : 100).then(() => undefined);
  if (!api) return silence;
  const { promise, resolve } = Promise.withResolvers<T | Failure>();
  const answer = (reply: T | Failure): void => {
    if (!world.calm && world.chance(REPLY_LOST)) return;
    world.at(world.nowUs + world.latencyUs(), actor, () => resolve(reply));
  };
  world.at(world.nowUs + world.latencyUs(), api.actor, () => {
    what(api).then(answer, (error: unknown) => answer(asFailure(error)));
  });
  return Promise.race([promise, silence]);
}

const asFailure = (error: unknown): Failure =>
  error instanceof Failure
    ? error
    : new Failure({ code: 'internal', message: String(error), repeat: 'safe', cause: error });

const requestOf = ({ key, sender, recipients, onUnknown }: Order): BulkRequest => ({
  principal: { key: 'k', workspace: WORKSPACE, environment: 'live', scopes: ['*'] },
  route: 'POST /v1/messages/bulk',
  idempotencyKey: key,
  query: '',
  contentType: 'application/json',
  raw: Buffer.from(
    JSON.stringify({
      sender,
      text: { body: 'hello' },
      on_unknown: onUnknown,
      messages: recipients.map((to) => ({ to })),
    }),
  ),
});
