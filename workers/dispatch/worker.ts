// The dispatch station: takes tickets, opens turns, runs them side by side.
import { messageOf } from '../../src/base/failure.ts';
import type { Ticket, TicketTaker } from '../../src/base/queue.ts';
import type { Service } from '../../src/base/service.ts';
import { createBudget } from './budget.ts';
import { wakeChanged } from './changed.ts';
import type { DispatchContext } from './context.ts';
import { createHeart } from './heart.ts';
import { Lane } from './lane.ts';
import { ticketDelayMs } from './ticket-delay.ts';
import { Turn, type TurnOptions } from './turn.ts';
import { windowRowsOf } from './window.ts';

/** A stop waits this long for calls under way; what has no outcome by then becomes unknown. */
const STOP_MS = 10_000;
const STOP_LOOK_MS = 20;
/** With this many turns held, the next will wait for its calls: it is opened as parked, which saves it a script. */
const CROWD_TURNS = 256;

export interface DispatchOptions {
  context: DispatchContext;
  /** Turns held at once. */
  maxLanes: number;
}

export function createDispatch({ context, maxLanes }: DispatchOptions): Service {
  const { clock, holders, tickets, logger } = context;
  const held = new Map<string, Lane>();
  const turns = new Set<Promise<void>>();
  const stopping = new AbortController();
  const places = createBudget(maxLanes);
  const heart = createHeart(holders, clock);
  const { holder } = heart;
  const turnsHeld = () => turns.size;
  let taker: TicketTaker | undefined;
  /** Tickets taken and turns ended. */
  let moved = 0;

  const laneOf = ({ home, sender }: Ticket): Lane => {
    if (held.size > maxLanes) for (const [key, lane] of held) if (lane.idle) held.delete(key);
    const lane = held.get(sender) ?? new Lane({ home, sender }, context);
    held.set(sender, lane);
    return lane;
  };

  const open = async (ticket: Ticket): Promise<void> => {
    moved += 1;
    await places.reserve(1);
    const opened = await openLane(context, ticket, turns.size, holder).catch((error: unknown) => {
      places.release(1);
      throw error;
    });
    if (!opened) return places.release(1);
    const turn = runTurn(laneOf(ticket), opened).finally(() => {
      turns.delete(turn);
      moved += 1;
      places.release(1);
    });
    turns.add(turn);
  };

  const runTurn = async (lane: Lane, opened: OpenLane): Promise<void> => {
    try {
      const wake = await new Turn({
        ...opened,
        context,
        lane,
        holder,
        stopping: stopping.signal,
        turnsHeld,
      }).run();
      if (!wake) return;
      const dueInMs = (context.serverClock.toLocal(wake.wakeUs) - clock.monotonicUs()) / 1_000;
      await tickets.add({ ...lane.id, n: wake.n }, ticketDelayMs(dueInMs));
    } catch (error) {
      // The lease runs out by itself, and upkeep issues the next ticket.
      logger.warn('turn.lost', { lane: lane.id.sender, reason: messageOf(error) });
    }
  };

  return {
    name: 'dispatch',
    // With all its places taken it takes no tickets, and need not.
    progress: { moved: () => moved, due: async () => places.used() < maxLanes && (await tickets.anyDue()) },
    start: async () => {
      heart.start();
      taker = tickets.take(open);
      context.accounts.watch((changed) => {
        for (const { id } of changed) held.get(id)?.nudge();
        void wakeChanged(context, changed);
      });
    },
    stop: async () => {
      stopping.abort();
      context.budget.close();
      await taker?.stop();
      await Promise.all(turns);
      await heart.stop();
      const giveUpUs = clock.monotonicUs() + STOP_MS * 1_000;
      while ([...held.values()].some((lane) => !lane.idle) && clock.monotonicUs() < giveUpUs)
        await clock.delay(STOP_LOOK_MS);
    },
  };
}

type OpenLane = Pick<TurnOptions, 'fence' | 'seen' | 'parked'>;

/** Undefined when the ticket is old, or somebody has the turn. */
async function openLane(
  { lanes, clock, serverClock }: DispatchContext,
  ticket: Ticket,
  turnsHeld: number,
  holder: string,
): Promise<OpenLane | undefined> {
  const parked = turnsHeld >= CROWD_TURNS;
  const sentUs = clock.monotonicUs();
  const rows = windowRowsOf(turnsHeld + 1);
  const opened = await lanes.open(ticket, ticket.n, clock.randomHex(8), rows, parked ? holder : '');
  if (opened.state !== 'open') return undefined;
  serverClock.observe(sentUs, clock.monotonicUs(), opened.nowUs);
  return { fence: opened.fence, seen: opened.seen, parked };
}
