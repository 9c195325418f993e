// What can never be read ends visibly: its items fail, the job ends, and everybody else in it is served.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEntry } from '../../src/log/port.ts';
import { type IntakeBench, openIntake } from '../support/intake-bench.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const HOME = 's:s1';
const ROWS = 11;
const CHUNK_ROWS = 4;
let bench: IntakeBench;

beforeAll(async () => {
  bench = await openIntake(HOME);
});
afterAll(() => bench?.close());

const make = () => jobEntries({ home: HOME, sender: 's1', rows: rowsOf(ROWS), chunkRows: CHUNK_ROWS });
const damage: Record<string, (entry: LogEntry) => LogEntry> = {
  'no JSON': (entry) => ({ ...entry, value: entry.value.slice(0, -20) }),
  'another version': (entry) => ({ ...entry, value: entry.value.replace('"v":1', '"v":99') }),
  'rows that do not fit their digest': (entry) => ({
    ...entry,
    value: entry.value.replace(/"sha256":"\w+"/, `"sha256":"${'0'.repeat(64)}"`),
  }),
  'rows that cannot be unpacked': (entry) => ({
    ...entry,
    value: entry.value.replace(/"rows":"[^"]+"/, '"rows":"AAAA"'),
  }),
};

test.each(Object.keys(damage))(
  '%s: the items of the chunk fail, in any order and however often',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8, maxLength: 8 }),
        async (order) => {
          const { seal, chunks, sealed } = make();
          const broken = damage[kind];
          const all = [...chunks.map((chunk, n) => (n === 1 && broken ? broken(chunk) : chunk)), sealed];
          for (const i of order) if (all[i]) await bench.deliver(all[i]);
          const job = await bench.ledger.job(HOME, seal.job);
          expect(job?.counts).toMatchObject({ total: ROWS, failed: CHUNK_ROWS, queued: ROWS - CHUNK_ROWS });
          const failed = await bench.ledger.items(HOME, seal.job, 'failed', 0, 10);
          expect(failed.rows.map(({ index }) => index)).toEqual([4, 5, 6, 7]);
          expect(failed.rows.every(({ error }) => error?.code === 'record_unreadable')).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  },
);

test('before the job is open its counts add up too', async () => {
  const { seal, chunks } = make();
  await bench.ledger.create(seal);
  for (const chunk of chunks.slice(0, 1)) await bench.deliver({ ...chunk, value: '{' });
  const job = await bench.ledger.job(HOME, seal.job);
  expect(job?.counts).toMatchObject({ total: ROWS, queued: ROWS, failed: 0 });
});

test('an unreadable chunk of another body under the same id counts for nobody, before the job opens and after', async () => {
  const { seal, chunks, sealed } = make();
  const other = jobEntries({
    home: HOME,
    sender: 's1',
    rows: rowsOf(ROWS),
    chunkRows: CHUNK_ROWS,
    job: seal.job,
  });
  const [first, second] = other.chunks.map((chunk) => ({ ...chunk, value: '{' }));
  if (first) await bench.deliver(first);
  for (const entry of [...chunks, sealed]) await bench.deliver(entry);
  if (second) await bench.deliver(second);
  const job = await bench.ledger.job(HOME, seal.job);
  expect(job?.counts).toMatchObject({ total: ROWS, queued: ROWS, failed: 0 });
});

test('a job of which nothing can be read completes', async () => {
  const { seal, chunks, sealed } = make();
  for (const chunk of chunks) await bench.deliver({ ...chunk, value: '{' });
  await bench.deliver(sealed);
  expect(await bench.ledger.job(HOME, seal.job)).toMatchObject({
    status: 'completed',
    counts: { total: ROWS, failed: ROWS, queued: 0 },
  });
});

test('an unreadable seal: the job opens from the words that accept put into its row', async () => {
  const { seal, chunks, sealed } = make();
  await bench.ledger.create(seal);
  for (const chunk of chunks) await bench.deliver(chunk);
  await bench.deliver({ ...sealed, value: 'x' });
  expect((await bench.ledger.job(HOME, seal.job))?.status).toBe('queued');
});

test('a chunk that can be read at last takes its place again, in any order and however often', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 4], { minLength: 6, maxLength: 6 }),
      async (shuffled) => {
        const rows = rowsOf(ROWS);
        rows[5] = 0;
        const { seal, chunks, sealed } = jobEntries({
          home: HOME,
          sender: 's1',
          rows,
          chunkRows: CHUNK_ROWS,
        });
        const whole = chunks[1] as LogEntry;
        const all = [chunks[0], { ...whole, value: '{' }, chunks[2], sealed, whole];
        // What is replayed has been in the log before.
        const order = [...shuffled.filter((i) => i === 1), ...shuffled.filter((i) => i !== 1)];
        for (const i of order) if (all[i]) await bench.deliver(all[i]);
        const job = await bench.ledger.job(HOME, seal.job);
        expect(job?.counts).toMatchObject({ total: ROWS - 1, failed: 0, queued: ROWS - 1 });
        const { rows: items } = await bench.ledger.items(HOME, seal.job, 'queued', 0, 20);
        expect(items.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
        expect(items.every(({ to }) => to !== '')).toBe(true);
      },
    ),
    { numRuns: 12 },
  );
});
