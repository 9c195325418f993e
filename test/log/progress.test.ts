// What a follower shows the watchdog: who hangs over an entry is ended; who tries it again, waits for a group that turns, or has nothing to do is not.
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { createWatchdog } from '../../src/base/watchdog.ts';
import type { DeliveredEntry } from '../../src/log/port.ts';
import { followerProgress } from '../../src/log/progress.ts';
import { createWork } from '../../src/log/work.ts';
import { createHandClock } from '../support/hand-clock.ts';

const entry: DeliveredEntry = { topic: 'jobs', position: '0:1', key: 'k', headers: {}, value: '{}' };

async function watched(handle: () => Promise<void>) {
  const clock = createHandClock();
  const park = async () => {};
  const work = createWork({ topic: 'jobs', group: 'intake', handle }, { clock, logger: silentLogger, park });
  const progress = followerProgress(() => ({ progress: work.progress }), clock);
  const station = { name: 'intake', start: async () => {}, stop: async () => {}, progress };
  const answers = async () => true;
  const watchdog = createWatchdog({ clock, logger: silentLogger, services: [station], answers });
  let failure: unknown;
  watchdog.failed.catch((error: unknown) => {
    failure = error;
  });
  await watchdog.start();
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      clock.pass(1_000_000);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { work, pass, failure: () => failure };
}

test('an entry that hangs', async () => {
  const { work, pass, failure } = await watched(() => new Promise(() => {}));
  void work.finish(entry, new AbortController().signal);
  await pass(12);
  expect(failure()).toBeUndefined();
  await pass(8);
  expect(String(failure())).toContain('intake has not moved');
});

test('an entry that is tried again and again', async () => {
  const { work, pass, failure } = await watched(() => Promise.reject(new Error('not now')));
  const stop = new AbortController();
  void work.finish(entry, stop.signal);
  await pass(60);
  expect(failure()).toBeUndefined();
  stop.abort();
});

test('no entry: silence is borne as long as a group may turn, and no longer', async () => {
  const { pass, failure } = await watched(async () => {});
  await pass(74);
  expect(failure()).toBeUndefined();
  await pass(30);
  expect(String(failure())).toContain('intake has not moved');
});
