// What one kind of submission is to the station.
import type { Sender } from '../../src/accounts/port.ts';
import type { EventType } from '../../src/contract/event.ts';
import type { RollingLimit } from '../../src/contract/limit.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import type { Made } from '../../src/platforms/port.ts';
import type { SubmitOptions } from './options.ts';

/** What one submission asks of the platform. */
export interface Task {
  limit: RollingLimit;
  call(mayWrite: () => boolean): Promise<Made>;
  /** What its events say beside the job and the sender. */
  about: Record<string, unknown>;
  made: EventType;
  failed: EventType;
  /** The platform has it: what is to be kept of it. Gives what the event says of it. */
  keep(made: Extract<Made, { outcome: 'made' }>): Promise<Record<string, unknown>>;
}

/** What a submission cannot be without; `repeat`: another process may have it. */
export interface Missing {
  code: string;
  message: string;
  repeat: boolean;
}

export type TaskOf = (options: SubmitOptions, seal: SealRecord, sender: Sender) => Promise<Task | Missing>;
