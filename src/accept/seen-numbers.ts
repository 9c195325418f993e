// Which row of an upload named a number first, exactly, for millions of rows: open tables of integers, 12 bytes a place and filled to 85 %,
// in 256 shards that grow one by one. So growing never needs the whole again, and 10 million rows take 15 bytes each.
import { randomInt } from 'node:crypto';
import { type FirstSeen, integerOf } from './first-seen.ts';

const SHARDS = 256;
const START_PLACES = 32;
const GROWTH = 1.25;
const FILLED_MAX = 0.85;
const HIGH = 2 ** 32;
/** Odd, and drawn anew by every process, so that nobody can post a list of numbers that collide. */
const oddNumber = (): number => randomInt(2 ** 30) * 2 + 1;
const LOW_FACTOR = oddNumber();
const HIGH_FACTOR = oddNumber();

interface Shard {
  numbers: Float64Array<ArrayBuffer>;
  rows: Uint32Array<ArrayBuffer>;
  used: number;
}

const emptyShard = (places: number): Shard => ({
  numbers: new Float64Array(places),
  rows: new Uint32Array(places),
  used: 0,
});

/** For any number of rows; as exact as `createFirstSeen`, which must know how many there will be. */
export function createSeenNumbers(): FirstSeen {
  const shards = Array.from({ length: SHARDS }, () => emptyShard(START_PLACES));
  return {
    of: (text, row) => {
      const number = integerOf(text);
      const hash = hashOf(number);
      const which = hash % SHARDS;
      let shard = shards[which] ?? emptyShard(0);
      const place = placeOf(shard, number, hash);
      if (shard.numbers[place] === number) return shard.rows[place];
      if (shard.used + 1 > shard.numbers.length * FILLED_MAX) {
        shard = grown(shard);
        shards[which] = shard;
      }
      put(shard, number, hash, row);
      return undefined;
    },
  };
}

function hashOf(number: number): number {
  let hash = Math.imul(number | 0, LOW_FACTOR) ^ Math.imul((number / HIGH) | 0, HIGH_FACTOR);
  hash = Math.imul(hash ^ (hash >>> 16), LOW_FACTOR);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Where the number stands, or the free place where it would. */
function placeOf({ numbers }: Shard, number: number, hash: number): number {
  const places = numbers.length;
  let place = Math.floor((hash / HIGH) * places);
  while (numbers[place] !== 0 && numbers[place] !== number) place = place + 1 === places ? 0 : place + 1;
  return place;
}

function put(shard: Shard, number: number, hash: number, row: number): void {
  const place = placeOf(shard, number, hash);
  shard.numbers[place] = number;
  shard.rows[place] = row;
  shard.used += 1;
}

function grown(old: Shard): Shard {
  const shard = emptyShard(Math.ceil(old.numbers.length * GROWTH));
  for (const [place, number] of old.numbers.entries())
    if (number !== 0) put(shard, number, hashOf(number), old.rows[place] ?? 0);
  // Given back at once: waiting for the collector would keep four times as much.
  old.numbers.buffer.transfer(0);
  old.rows.buffer.transfer(0);
  return shard;
}
