// A dispatch process whose event loop stands still is killed from outside of the loop, and a kept process that was killed is started anew.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulk, createClient } from '../support/client.ts';
import { event } from '../support/program.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const HANG = path.resolve(import.meta.dirname, '../support/hang-on-signal.mjs');
const KILLED_WITHIN_MS = 25_000;
let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ senders: [{ id: 's1', throughput: 1_000 }] });
});
afterAll(() => stage?.close());

test('a loop that stands still is killed', async () => {
  const program = await stage.start(['worker', 'dispatch'], { NODE_OPTIONS: `--import ${HANG}` });
  program.kill('SIGUSR2');
  await program.seen('it says why', (line) => /stands still/.exec(line) ?? undefined, KILLED_WITHIN_MS);
  // By a signal: there is no status.
  expect(await program.ended).toBe(null);
});

test('a kept process that was killed serves again', async () => {
  const keeper = await stage.keep();
  const serving = async (): Promise<{ pid: number; address: string }> => {
    const line = keeper.lines.findLast((one) => event('api.listening')(one));
    const { pid, address } = JSON.parse(line ?? '{}') as { pid: number; address: string };
    return { pid, address };
  };
  await keeper.seen('it serves', event('process.started'));
  const first = await serving();
  process.kill(first.pid, 'SIGKILL');
  const second = await until(
    async () => {
      const now = await serving();
      return now.pid === first.pid ? undefined : now;
    },
    { what: 'another process listens', timeoutMs: 20_000 },
  );
  const api = createClient(second.address);
  const { id } = await api.send(bulk(10));
  expect((await api.completed(id)).counts.accepted).toBe(10);
  keeper.kill('SIGTERM');
  expect(await keeper.ended).toBe(0);
});
