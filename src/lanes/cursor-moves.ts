// What moves a cursor or an item that waits alone, other than a take. Each step can be repeated.
import type { Redis } from '../base/redis.ts';
import { loadScript } from '../base/script.ts';
import type { OpenSpan } from './cursor.ts';
import { type LaneId, laneKeys } from './keys.ts';

const dropScript = loadScript(import.meta.dirname, 'lua/drop-cursor.lua');
const tellScript = loadScript(import.meta.dirname, 'lua/tell-span.lua');
const skipScript = loadScript(import.meta.dirname, 'lua/skip-rows.lua');
const postponeScript = loadScript(import.meta.dirname, 'lua/postpone.lua');

export interface CursorMoves {
  /** Forgets a cursor whose job is gone. */
  drop(lane: LaneId, cursor: string): Promise<void>;
  /** Tells a closed cursor when it is open next. */
  tell(lane: LaneId, cursor: string, span: OpenSpan): Promise<void>;
  /** Moves a cursor past rows that are not its own. */
  skip(lane: LaneId, cursor: string, from: number, to: number): Promise<void>;
  /** Lets an item that waits alone (as the lane knows it) wait until then. */
  postpone(lane: LaneId, member: string, untilUs: number): Promise<void>;
}

export function createCursorMoves(redis: Redis, namespace: string): CursorMoves {
  return {
    drop: async (lane, cursor) => {
      const { cursors, scheduled, queues } = laneKeys(namespace, lane);
      await redis.run(dropScript, [cursors, scheduled, ...queues], [cursor]);
    },
    tell: async (lane, cursor, { opensUs, closesUs }) => {
      const { cursors } = laneKeys(namespace, lane);
      await redis.run(tellScript, [cursors], [cursor, opensUs.toFixed(0), closesUs.toFixed(0)]);
    },
    skip: async (lane, cursor, from, to) => {
      await redis.run(skipScript, [laneKeys(namespace, lane).cursors], [cursor, from, to]);
    },
    postpone: async (lane, member, untilUs) => {
      await redis.run(postponeScript, [laneKeys(namespace, lane).later], [member, untilUs.toFixed(0)]);
    },
  };
}
