// What a dispatch process knows of jobs: the seal, and the rows of the chunks at hand. Bounded; least recently used go first.
import { ask, type Redis } from '../../src/base/redis.ts';
import { decodeRows } from '../../src/base/rows.ts';
import { type Row, type SealRecord, sealRecordSchema } from '../../src/contract/record.ts';
import { chunkKeys, jobRowKey } from '../../src/ledger/keys.ts';
import { chunkOf } from '../../src/ledger/row.ts';

const MAX_SEALS = 2_000;
const MAX_CHUNKS = 400;

export interface JobView {
  seal: SealRecord;
  home: string;
}

export interface Jobs {
  /** Undefined when the job is gone. */
  view(home: string, job: string): Promise<JobView | undefined>;
  /** Loads the chunks that hold these rows. */
  prepare(view: JobView, from: number, count: number): Promise<void>;
  /** A row of a prepared chunk; undefined when it is no item or its chunk is gone. */
  row(view: JobView, index: number): Exclude<Row, 0> | undefined;
}

export function createJobs(redis: Redis, namespace: string): Jobs {
  const seals = new Recent<Promise<JobView | undefined>>(MAX_SEALS);
  const chunks = new Recent<Row[]>(MAX_CHUNKS);
  const chunkId = (view: JobView, n: number): string => `${view.seal.job}:${view.seal.fingerprint}:${n}`;
  const load = async (view: JobView, n: number): Promise<void> => {
    const { home, job, fingerprint } = view.seal;
    const blob = await ask(redis.client.getBuffer(chunkKeys(namespace, home, job, fingerprint, n).rows));
    if (blob) chunks.set(chunkId(view, n), decodeRows(blob));
  };
  return {
    view: (home, job) => {
      const known = seals.get(job);
      if (known) return known;
      const loading = readView(redis, namespace, home, job);
      seals.set(job, loading);
      // What failed or was not there yet is asked for again.
      loading.then(
        (view) => view ?? seals.delete(job),
        () => seals.delete(job),
      );
      return loading;
    },
    prepare: async (view, from, count) => {
      const { starts } = view.seal;
      for (let n = chunkOf(starts, from); n <= chunkOf(starts, from + count - 1); n++) {
        if (!chunks.get(chunkId(view, n))) await load(view, n);
      }
    },
    row: (view, index) => {
      const n = chunkOf(view.seal.starts, index);
      return chunks.get(chunkId(view, n))?.[index - (view.seal.starts[n] ?? 0)] || undefined;
    },
  };
}

async function readView(
  redis: Redis,
  namespace: string,
  home: string,
  job: string,
): Promise<JobView | undefined> {
  const seal = await ask(redis.client.hget(jobRowKey(namespace, home, job), 'seal'));
  return seal ? { home, seal: sealRecordSchema.parse(JSON.parse(seal)) } : undefined;
}

/** A map that keeps its `size` most recently used entries. */
class Recent<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #size: number;
  constructor(size: number) {
    this.#size = size;
  }
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }
  set(key: string, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size > this.#size) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }
  delete(key: string): void {
    this.#entries.delete(key);
  }
}
