// Ends a process whose work is due and does not move: whoever supervises it starts it anew. A dependency that is away is no standstill, and
// whatever a part may be waiting for, its own clock only runs while Redis and the log answer.
import type { Clock, Timer } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Service } from './service.ts';

/** Work that is due has not moved for this long: something is stuck that will not come loose by itself. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 1_000;

export interface WatchdogOptions {
  clock: Clock;
  logger: Logger;
  services: readonly Service[];
  /** Whether everything answers that work depends on. */
  answers(): Promise<boolean>;
}

export interface Watchdog extends Service {
  readonly failed: Promise<never>;
  healthy(): boolean;
}

export function createWatchdog({ clock, logger, services, answers }: WatchdogOptions): Watchdog {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const watched = services.flatMap(({ name, progress }) =>
    progress ? [{ name, progress, moved: -1, sinceUs: clock.monotonicUs() }] : [],
  );
  let timer: Timer | undefined;
  let stopped = false;
  let healthy = true;
  const look = async (): Promise<void> => {
    for (const one of watched) {
      const { moved, due } = one.progress;
      const still = moved() === one.moved && (await isTrue(due)) && (await isTrue(answers));
      if (!still) Object.assign(one, { moved: moved(), sinceUs: clock.monotonicUs() });
      if (clock.monotonicUs() - one.sinceUs <= PATIENCE_MS * 1_000) continue;
      healthy = false;
      logger.error('station.stuck', { station: one.name, duration_ms: PATIENCE_MS });
      failed.reject(new Error(`${one.name} has not moved for ${PATIENCE_MS / 1_000} s although work is due`));
    }
    if (!stopped && healthy) timer = clock.after(LOOK_MS, () => void look());
  };
  return {
    name: 'watchdog',
    failed: failed.promise,
    healthy: () => healthy,
    start: async () => void look(),
    stop: async () => {
      stopped = true;
      timer?.cancel();
    },
  };
}

const isTrue = (ask: () => Promise<boolean>): Promise<boolean> => ask().catch(() => false);
