// Gathers receipts per chunk, so that one script takes many: those of entries that the log hands over together, and of the next
// moment. Whoever added some waits until they are in Redis, and may then commit.
import type { Clock } from '../../src/base/clock.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { chunkOf } from '../../src/ledger/row.ts';
import type { Receipt } from './merge.ts';

/** Receipts in one script. */
const BATCH_MAX = 200;
/** How long the first receipt of a batch waits for others. Far below the 100 ms that a receipt may rest. */
const FLUSH_MS = 10;

/** Takes the receipts of one chunk to Redis. */
export type Flush = (seal: SealRecord, n: number, receipts: readonly Receipt[]) => Promise<void>;

export interface Batches {
  /** Resolves when all of them are in Redis; rejects when one batch could not be. */
  add(seal: SealRecord, receipts: readonly Receipt[]): Promise<void>;
}

interface Batch {
  receipts: Receipt[];
  go(): void;
  done: Promise<void>;
}

export function createBatches(clock: Clock, flush: Flush): Batches {
  const open = new Map<string, Batch>();

  const batchOf = (seal: SealRecord, n: number): Batch => {
    const name = `${seal.job}:${n}`;
    const known = open.get(name);
    if (known) return known;
    const ready = Promise.withResolvers<void>();
    const timer = clock.after(FLUSH_MS, () => batch.go());
    const batch: Batch = {
      receipts: [],
      go: () => {
        timer.cancel();
        open.delete(name);
        ready.resolve();
      },
      done: ready.promise.then(() => flush(seal, n, batch.receipts)),
    };
    open.set(name, batch);
    return batch;
  };

  return {
    add: async (seal, receipts) => {
      const waiting = new Set<Promise<void>>();
      for (const receipt of receipts) {
        const batch = batchOf(seal, chunkOf(seal, receipt.index));
        batch.receipts.push(receipt);
        waiting.add(batch.done);
        if (batch.receipts.length >= BATCH_MAX) batch.go();
      }
      await Promise.all(waiting);
    },
  };
}
