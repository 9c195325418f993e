// Entries worked on side by side: what was not finished is given again, and one that cannot be read holds up no other.
import { expect, test } from 'vitest';
import { refused } from '../../src/base/failure.ts';
import { until } from '../support/until.ts';
import { collect, entry, freshLog, numbered } from './collect.ts';

const ENTRIES = 12;
const TOGETHER = 4;

test.concurrent.for(['redis-streams', 'kafka'] as const)(
  '%s: four at once, and those that were not finished come again',
  async (kind, ending) => {
    const { log } = await freshLog(kind, ending);
    await log.append(
      'receipts',
      numbered(ENTRIES).map((value) => entry('k', value)),
    );
    let [atWork, most] = [0, 0];
    const release = Promise.withResolvers<void>();
    const handle = async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await release.promise;
      atWork -= 1;
    };
    const options = { topic: 'receipts', together: TOGETHER } as const;
    const first = await collect(log, 'g', { ...options, handle });
    await until(() => atWork === TOGETHER, { what: 'four at work' });
    const stopped = first.follower.stop();
    release.resolve();
    await stopped;
    expect(most).toBe(TOGETHER);
    expect(first.values().toSorted()).toEqual(numbered(TOGETHER));

    const broken = async ({ value }: { value: string }) => {
      if (value === '5') throw refused('unprocessable', 'no record');
    };
    const second = await collect(log, 'g', { ...options, handle: broken });
    await until(() => second.seen.length >= ENTRIES - TOGETHER - 1, { what: 'the rest' });
    const rest = numbered(ENTRIES)
      .slice(TOGETHER)
      .filter((value) => value !== '5');
    expect(second.values().toSorted()).toEqual(rest.toSorted());
    await until(() => second.follower.progress().handled === ENTRIES - TOGETHER, {
      what: 'all are done with',
    });
  },
);
