import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { AccountsProblems } from '../../src/accounts/problems.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { type Service, type SuperviseOptions, supervise } from '../../src/base/service.ts';
import { recordingLogger } from '../accounts/sample.ts';

function setUp() {
  const steps: string[] = [];
  const exits: number[] = [];
  const signals = new EventEmitter();
  const logger = recordingLogger();
  const options: SuperviseOptions = {
    logger,
    clock: systemClock,
    signals,
    exit: (status) => exits.push(status),
  };
  const service = (name: string, own: Partial<Service> = {}): Service => ({
    name,
    start: async () => void steps.push(`+${name}`),
    stop: async () => void steps.push(`-${name}`),
    ...own,
  });
  return { steps, exits, signals, logger, options, service };
}

test('starts in order, stops in reverse on a signal, and leaves no listener', async () => {
  const { steps, exits, signals, options, service } = setUp();
  const { started, stopped } = supervise([service('a'), service('b'), service('c')], options);
  await started;
  signals.emit('SIGTERM');
  expect(await stopped).toBe(0);
  expect(steps).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  expect(exits).toEqual([0]);
  expect(signals.eventNames()).toEqual([]);
});

test('a service that does not start ends the process; those before it are stopped', async () => {
  const { steps, options, service, logger } = setUp();
  const bad = service('b', { start: () => Promise.reject(new Error('no port')) });
  const { started, stopped } = supervise([service('a'), bad, service('c')], options);
  await expect(started).rejects.toThrow('no port');
  expect(await stopped).toBe(1);
  expect(steps).toEqual(['+a', '-a']);
  expect(logger.lines).toContainEqual({ event: 'service.failed', station: 'b', reason: 'no port' });
});

test('an error with a list of problems is logged with the list', async () => {
  const { options, service, logger } = setUp();
  const start = () => Promise.reject(new AccountsProblems(['a: must be b', 'c: must be d']));
  const { stopped } = supervise([service('accounts', { start })], options);
  expect(await stopped).toBe(1);
  expect(logger.lines).toContainEqual({
    event: 'service.failed',
    station: 'accounts',
    problems: ['a: must be b', 'c: must be d'],
  });
});

test('a service that cannot go on ends the process with 1', async () => {
  const { steps, options, service } = setUp();
  const trouble = Promise.withResolvers<never>();
  const { started, stopped } = supervise([service('a'), service('b', { failed: trouble.promise })], options);
  await started;
  trouble.reject(new Error('broken'));
  expect(await stopped).toBe(1);
  expect(steps).toEqual(['+a', '+b', '-b', '-a']);
});

test('a stop that fails does not keep the rest from stopping, and shows in the status', async () => {
  const { steps, options, service } = setUp();
  const bad = service('b', { stop: () => Promise.reject(new Error('stuck')) });
  const supervisor = supervise([service('a'), bad], options);
  await supervisor.started;
  supervisor.stop();
  expect(await supervisor.stopped).toBe(1);
  expect(steps).toEqual(['+a', '+b', '-a']);
});

test('what does not stop by the deadline is left behind, with 1', async () => {
  const { exits, signals, options, service, logger } = setUp();
  let deadline: (() => void) | undefined;
  const clock: Clock = {
    ...systemClock,
    after: (_delayMs, action) => {
      deadline = action;
      return { cancel: () => {} };
    },
  };
  const tooLate = Promise.withResolvers<void>();
  const stuck = service('a', { stop: () => tooLate.promise });
  const { started, stopped } = supervise([stuck], { ...options, clock });
  await started;
  signals.emit('SIGINT');
  // The service stops after all, too late: the end has come once already.
  deadline?.();
  tooLate.resolve();
  expect(await stopped).toBe(1);
  expect(exits).toEqual([1]);
  expect(logger.lines).toContainEqual({ event: 'process.stop_overdue', problems: ['a'] });
});

test('a second signal ends at once', async () => {
  const { exits, signals, options, service } = setUp();
  const { started, stopped } = supervise([service('a', { stop: () => new Promise(() => {}) })], options);
  await started;
  signals.emit('SIGINT');
  signals.emit('SIGINT');
  expect(await stopped).toBe(1);
  expect(exits).toEqual([1]);
});

test('a signal during the start stops what has started, and starts no more', async () => {
  const { steps, signals, options, service } = setUp();
  const [begun, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const start = (): Promise<void> => {
    begun.resolve();
    return slow.promise;
  };
  const { stopped } = supervise([service('a'), service('b', { start }), service('c')], options);
  await begun.promise;
  signals.emit('SIGTERM');
  slow.resolve();
  expect(await stopped).toBe(0);
  expect(steps).toEqual(['+a', '-b', '-a']);
});

test('SIGHUP calls the hook; its failure is logged and nothing else happens', async () => {
  const { exits, signals, options, service, logger } = setUp();
  const called = Promise.withResolvers<void>();
  const onHangup = async (): Promise<void> => {
    called.resolve();
    throw new Error('bad file');
  };
  const supervisor = supervise([service('a')], { ...options, onHangup });
  await supervisor.started;
  signals.emit('SIGHUP');
  await called.promise;
  await Promise.resolve();
  expect(exits).toEqual([]);
  expect(logger.lines.at(-1)).toEqual({ event: 'process.hangup_failed', reason: 'bad file' });
  supervisor.stop();
  expect(await supervisor.stopped).toBe(0);
});
