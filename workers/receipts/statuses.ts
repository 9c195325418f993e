// Statuses of one record → the items of its job, in batches per chunk. What speaks about nothing of ours is counted and let go.
import { messageOf, unavailable } from '../../src/base/failure.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Metrics } from '../../src/base/metrics.ts';
import { askErasing } from '../../src/contacts/erasing.ts';
import type { StatusesRecord } from '../../src/contract/receipt.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { foldChunk } from '../../src/ledger/fold.ts';
import { createOutboxFull, hintTold } from '../../src/ledger/outbox.ts';
import { type AftermathOptions, holdAftermath } from './aftermath.ts';
import { createBatches } from './batches.ts';
import { merge, type Receipt } from './merge.ts';

/** Result lines of a whole chunk are folded again when receipts have added this much. */
const FOLD_BYTES = 4 * 1024;
/** Ids of messages to forgotten people are taken out together with those that come soon after. */
const ERASE_MS = 60_000;
/** Jobs that are remembered between records. */
const MAX_SEALS = 2_000;

/** The seal of a job; undefined when nobody knows it (any more). */
export type FindJob = (job: string) => Promise<SealRecord | undefined>;

export interface StatusesOptions extends AftermathOptions {
  logger: Logger;
  metrics: Metrics;
  findJob: FindJob;
  /** Letters of what customers want to be told of a home; '' = nothing. */
  toldOf(home: string): string;
}

export interface Statuses {
  /** Resolves when all of them are in the ledger, or known to be nobody's. */
  take(record: StatusesRecord): Promise<void>;
}

export function createStatuses(options: StatusesOptions): Statuses {
  const { redis, namespace, clock, logger, metrics } = options;
  const counted = metrics.counter('receipts_total', 'Statuses of messages, by what became of them', ['fate']);
  const outboxFull = createOutboxFull(redis, namespace, clock, options.toldOf);
  const sealOf = remembered(options.findJob);
  const fold = async (seal: SealRecord, n: number): Promise<void> => {
    try {
      await foldChunk(redis, namespace, seal, n);
    } catch (error) {
      logger.warn('fold.skipped', { job: seal.job, reason: messageOf(error) });
    }
  };
  const batches = createBatches(clock, async (seal, n, receipts) => {
    const letters = options.toldOf(seal.home);
    // They wait in the log.
    if (await outboxFull(seal.home)) throw unavailable('the outbox of the home is full');
    const merged = await merge(redis, namespace, seal, n, receipts, letters);
    if (letters !== '' && merged) hintTold(redis, namespace, seal.home);
    counted.inc({ fate: 'moved' }, merged?.moved ?? 0);
    counted.inc({ fate: merged ? 'known' : 'no_job' }, receipts.length - (merged?.moved ?? 0));
    if (merged) await holdAftermath(options, seal, receipts);
    if (merged?.erased)
      await askErasing(redis, namespace, { job: seal.job, home: seal.home }, clock.now() + ERASE_MS);
    if (merged && merged.foldable >= FOLD_BYTES) await fold(seal, n);
  });
  return {
    take: async (record) => {
      const { job, statuses } = record;
      if (job === undefined) return counted.inc({ fate: 'no_attempt' }, statuses.length);
      const seal = await sealOf(job);
      if (!seal || !belongs(seal, record)) return counted.inc({ fate: 'no_job' }, statuses.length);
      await batches.add(
        seal,
        statuses.filter((one): one is Receipt => one.index !== undefined && one.try !== undefined),
      );
    },
  };
}

/** The API has checked it; whoever writes to the log by other ways is checked here. */
const belongs = (seal: SealRecord, record: StatusesRecord): boolean =>
  seal.workspace === record.workspace && seal.environment === record.environment;

/** Asks once per job; what is not there yet is asked for again. */
function remembered(findJob: FindJob): FindJob {
  const known = new Map<string, Promise<SealRecord | undefined>>();
  return (job) => {
    const before = known.get(job);
    if (before) return before;
    if (known.size >= MAX_SEALS) known.clear();
    const asked = findJob(job);
    known.set(job, asked);
    asked.then(
      (seal) => seal ?? known.delete(job),
      () => known.delete(job),
    );
    return asked;
  };
}
