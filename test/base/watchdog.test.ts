// The watchdog ends what is stuck, and only that: not who has nothing to do, nor who waits for a dependency.
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { createWatchdog } from '../../src/base/watchdog.ts';
import { createHandClock } from '../support/hand-clock.ts';

function watched() {
  const clock = createHandClock();
  const state = { moved: 0, due: true, answers: true };
  const progress = { moved: () => state.moved, due: async () => state.due };
  const station = { name: 'dispatch', start: async () => {}, stop: async () => {}, progress };
  const answers = async () => state.answers;
  const watchdog = createWatchdog({ clock, logger: silentLogger, services: [station], answers });
  let failure: unknown;
  watchdog.failed.catch((error: unknown) => {
    failure = error;
  });
  const pass = async (seconds: number, each: () => void = () => {}): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      each();
      clock.pass(1_000_000);
      // Its questions are answered.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { state, watchdog, pass, failure: () => failure };
}

test('work that is due and does not move for 15 s ends the process', async () => {
  const { watchdog, pass, failure } = watched();
  await watchdog.start();
  await pass(14);
  expect(failure()).toBeUndefined();
  await pass(3);
  expect(String(failure())).toContain('dispatch has not moved for 15 s');
  expect(watchdog.healthy()).toBe(false);
});

test('what moves, has nothing to do, or waits for a dependency goes on', async () => {
  const { state, watchdog, pass, failure } = watched();
  await watchdog.start();
  await pass(40, () => {
    state.moved += 1;
  });
  state.due = false;
  await pass(40);
  state.due = true;
  state.answers = false;
  await pass(40);
  // The dependency is back: the patience begins anew.
  state.answers = true;
  await pass(10);
  expect(failure()).toBeUndefined();
  expect(watchdog.healthy()).toBe(true);
});
