// Takes what the outboxes tell into the log: composed, appended, and only then cleared. Killed in between, the next relay makes the same of it.
import type { Accounts } from '../../src/accounts/port.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { EventsRecord } from '../../src/contract/event.ts';
import type { Outbox } from '../../src/ledger/outbox.ts';
import type { LogEntry } from '../../src/log/port.ts';
import { entryOfEvents } from '../../src/subscribers/publish.ts';
import { type ComposeOptions, compose, type Home } from './compose.ts';

/** Homes worked on side by side. */
const HOMES_AT_ONCE = 16;
/** A broker refuses a batch above 1 MiB. */
const APPEND_MAX_BYTES = 640 * 1024;

export interface RelayOptions extends ComposeOptions {
  accounts: Pick<Accounts, 'homes' | 'toldOf'>;
  outbox: Outbox;
  log: { append(topic: 'events', entries: readonly LogEntry[]): Promise<unknown> };
  logger: Logger;
  /** Names this process. */
  owner: string;
}

export interface Relay {
  /** Empties the outboxes that have something new; `all`: those of every home that tells anything. Never rejects. */
  pass(all: boolean): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { accounts, outbox, logger } = options;
  const drain = async (home: Home): Promise<void> => {
    try {
      for (let more = true; more; ) {
        const cut = await outbox.claim(home.home, options.owner);
        if (!cut) return;
        await append(options, await compose(options, home, cut));
        more = await outbox.clear(home.home, options.owner, cut.last);
      }
    } catch (error) {
      logger.warn('outbox.delayed', { home: home.home, reason: messageOf(error) });
    }
  };
  return {
    pass: async (all) => {
      try {
        const homes = accounts.homes();
        const found = all ? await outbox.filled(homes.map(({ home }) => home).filter(accounts.toldOf)) : [];
        const told = new Set([...(await outbox.takeHints()), ...found]);
        if (told.size === 0) return;
        const due = homes.filter(({ home }) => told.has(home));
        for (let i = 0; i < due.length; i += HOMES_AT_ONCE)
          await Promise.all(due.slice(i, i + HOMES_AT_ONCE).map(drain));
      } catch (error) {
        logger.warn('outbox.delayed', { reason: messageOf(error) });
      }
    },
  };
}

async function append({ log }: RelayOptions, records: readonly EventsRecord[]): Promise<void> {
  let batch: LogEntry[] = [];
  let bytes = 0;
  for (const entry of records.map(entryOfEvents)) {
    const size = Buffer.byteLength(entry.value);
    if (batch.length > 0 && bytes + size > APPEND_MAX_BYTES) {
      await log.append('events', batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) await log.append('events', batch);
}
