// The door to pino: one JSON line per event, named in the past tense (`job.accepted`). Only known fields go out: no number, no secret, no body.
import { pino } from 'pino';

/** The fields a line may carry. A new field is added here, so that nothing personal slips in with a spread object. */
export interface LogFields {
  job?: string;
  workspace?: string;
  sender?: string;
  home?: string;
  lane?: string;
  endpoint?: string;
  station?: string;
  topic?: string;
  group?: string;
  code?: string;
  reason?: string;
  action?: string;
  state?: string;
  request_id?: string;
  method?: string;
  route?: string;
  status?: number;
  count?: number;
  duration_ms?: number;
  address?: string;
  problems?: string[];
}

export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export function createLogger(level: string): Logger {
  const out = pino({
    level,
    base: { pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const line =
    (kind: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}): void =>
      out[kind](fields, event);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/** Says nothing: for programs whose output is something else. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
