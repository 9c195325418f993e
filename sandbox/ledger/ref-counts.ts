// How often each `biz_opaque_callback_data` was taken. Split over many small Maps, because one Map of a million
// entries stops the process for a tenth of a second each time it doubles.

const SHARDS = 256;

export class RefCounts {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>());

  /** Counts one more; answers how often it has been taken now. */
  taken(ref: string): number {
    const shard = this.#shardOf(ref);
    const times = (shard.get(ref) ?? 0) + 1;
    shard.set(ref, times);
    return times;
  }

  forget(ref: string): void {
    this.#shardOf(ref).delete(ref);
  }

  #shardOf(ref: string): Map<string, number> {
    const end = ref.length;
    const mixed = Math.imul(ref.charCodeAt(end - 1) * 31 + ref.charCodeAt(end - 2) * 7 + end, 0x9e3779b1);
    return this.#shards[mixed >>> 24] as Map<string, number>;
  }
}
