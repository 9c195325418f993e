// A connection of its own for reads that block, which notices what the library hides: that it was cut and the read repeated.
import type { Clock, Timer } from '../base/clock.ts';
import type { Redis, RedisClient } from '../base/redis.ts';

export const BLOCK_MS = 1_000;
/** A blocked read that is this late hangs on a dead connection. */
const BLOCK_GRACE_MS = 5_000;

export interface Line {
  /** Runs one blocking command; `cut`: the connection was lost meanwhile, the reply is not the whole story. */
  run(command: (client: RedisClient) => Promise<unknown>): Promise<{ reply: unknown; cut: boolean }>;
  /** Ends a blocked command soon. */
  wake(): void;
  close(): void;
}

export function blockingLine(redis: Redis, clock: Clock): Line {
  const client = redis.blocking();
  let cuts = 0;
  let id: number | undefined;
  client.on('close', () => {
    cuts += 1;
    id = undefined;
  });
  client.on('ready', () => {
    const known = client.client('ID').then((answer) => {
      id = answer;
    });
    known.catch(() => {});
  });

  return {
    run: async (command) => {
      const before = cuts;
      let guard: Timer;
      // Without it a read on a connection that died silently waits for ever.
      const arm = () => {
        guard = clock.after(BLOCK_MS + BLOCK_GRACE_MS, () => {
          client.disconnect(true);
          arm();
        });
      };
      arm();
      const reply = await command(client).finally(() => guard.cancel());
      return { reply, cut: cuts !== before };
    },
    wake: () => {
      if (id !== undefined) redis.client.client('UNBLOCK', id).catch(() => {});
    },
    close: () => client.disconnect(),
  };
}
