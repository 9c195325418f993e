// Starts the parts of a process in order, stops them in reverse on SIGTERM and SIGINT, and ends the process when one of them cannot go on.
// Whoever supervises the process starts it anew: a part that failed is never mended from inside.
import type { Clock } from './clock.ts';
import { messageOf } from './failure.ts';
import type { LogFields, Logger } from './logger.ts';

/** Everything must have stopped this long after the signal; then the process ends with 1. */
const STOP_DEADLINE_MS = 15_000;

/** What a part of the process shows of itself. */
export interface Progress {
  /** Grows with every piece of work. */
  moved(): number;
  /** Whether there is work that it could do now. */
  due(): Promise<boolean>;
}

export interface Service {
  readonly name: string;
  /** Resolves when it serves. A rejection ends the process. */
  start(): Promise<void>;
  /** Finishes what is at work. Called once, and only after `start` resolved. */
  stop(): Promise<void>;
  /** Rejects when the service cannot go on by itself. */
  readonly failed?: Promise<never>;
  /** What the watchdog looks at. */
  readonly progress?: Progress;
}

/** Where signals come from: the process, or a test's emitter. */
export interface SignalSource {
  on(name: string, listener: () => void): unknown;
  off(name: string, listener: () => void): unknown;
}

export interface SuperviseOptions {
  logger: Logger;
  clock: Clock;
  /** SIGHUP; a rejection is logged and changes nothing else. */
  onHangup?: () => Promise<void>;
  signals?: SignalSource;
  /** Called at the end with the exit status. */
  exit?: (status: number) => void;
  stopDeadlineMs?: number;
}

export interface Supervisor {
  /** Resolves when every service has started; rejects when one did not, after those before it have stopped. */
  readonly started: Promise<void>;
  /** Resolves with the exit status when everything has stopped or the deadline has passed. */
  readonly stopped: Promise<number>;
  /** Stops everything, as SIGTERM does. */
  stop(): void;
}

export function supervise(services: readonly Service[], options: SuperviseOptions): Supervisor {
  const { logger, clock } = options;
  const signals: SignalSource = options.signals ?? process;
  const running: Service[] = [];
  const ended = Promise.withResolvers<number>();
  let ending: Promise<void> | undefined;
  let status = 0;
  let finished = false;

  const end = (reason: string, endStatus: number): void => {
    status = Math.max(status, endStatus);
    if (ending) return;
    logger.info('process.stopping', { reason });
    const late = clock.after(options.stopDeadlineMs ?? STOP_DEADLINE_MS, () => {
      logger.error('process.stop_overdue', { problems: running.map((service) => service.name) });
      finish(1);
    });
    ending = starting
      .catch(() => {})
      .then(() => stopAll(running, logger))
      .then((clean) => {
        late.cancel();
        finish(clean ? status : 1);
      });
  };
  const finish = (endStatus: number): void => {
    if (finished) return;
    finished = true;
    for (const [name, listener] of listeners) signals.off(name, listener);
    logger.info('process.stopped', { status: endStatus });
    ended.resolve(endStatus);
    (options.exit ?? process.exit)(endStatus);
  };
  const fail = (service: Service, error: unknown): void => {
    logger.error('service.failed', { station: service.name, ...wrongWith(error) });
    end(`${service.name} failed`, 1);
  };

  // A second signal means "now": whoever presses Ctrl-C twice does not want to wait.
  const onSignal = (name: string) => (): void => (ending ? finish(1) : end(name, 0));
  const listeners: [string, () => void][] = [
    ['SIGTERM', onSignal('SIGTERM')],
    ['SIGINT', onSignal('SIGINT')],
    ['SIGHUP', () => void hangUp(options.onHangup, logger)],
  ];
  for (const [name, listener] of listeners) signals.on(name, listener);

  const startAll = async (): Promise<void> => {
    for (const service of services) {
      if (ending) return;
      try {
        await service.start();
      } catch (error) {
        fail(service, error);
        throw error;
      }
      running.push(service);
      service.failed?.catch((error: unknown) => fail(service, error));
      logger.debug('service.started', { station: service.name });
    }
  };
  const starting = Promise.resolve().then(startAll);
  // Whoever does not wait for `started` still sees the failure in the log and in the exit status.
  starting.catch(() => {});

  return { started: starting, stopped: ended.promise, stop: () => end('stop', 0) };
}

/** Bad configuration comes as a list, and is logged as one. */
function wrongWith(error: unknown): LogFields {
  const { problems } = error as { problems?: unknown };
  return Array.isArray(problems) ? { problems: problems.map(String) } : { reason: messageOf(error) };
}

/** In reverse order, one after the other; one that fails does not keep the rest from stopping. */
async function stopAll(running: Service[], logger: Logger): Promise<boolean> {
  let clean = true;
  for (let service = running.at(-1); service; service = running.at(-1)) {
    try {
      await service.stop();
    } catch (error) {
      clean = false;
      logger.error('service.stop_failed', { station: service.name, reason: messageOf(error) });
    }
    running.pop();
  }
  return clean;
}

async function hangUp(onHangup: (() => Promise<void>) | undefined, logger: Logger): Promise<void> {
  try {
    await onHangup?.();
  } catch (error) {
    logger.error('process.hangup_failed', { reason: messageOf(error) });
  }
}
