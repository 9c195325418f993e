// Items of forgotten people: what was said of them goes, and nothing else; what is said later goes with the next look.
import { afterAll, expect, test } from 'vitest';
import { ask } from '../../src/base/redis.ts';
import { eraseItems } from '../../src/ledger/erase.ts';
import { foldChunk } from '../../src/ledger/fold.ts';
import { chunkKeys } from '../../src/ledger/keys.ts';
import { readLines, unfoldResults } from '../../src/ledger/results.ts';
import { merge } from '../../workers/receipts/merge.ts';
import { rowsOf } from '../support/job-entries.ts';
import { openLedger, openLedgerIntake, outcome, receiptOf } from '../support/ledger-bench.ts';

const ROWS = 12;
const CHUNK = 6;
const intake = await openLedgerIntake();
afterAll(() => intake.close());

test('rows and ids go from lines and from folded lines; a late receipt says that there are such items', async () => {
  const { redis, namespace, ledger } = intake;
  const bench = await openLedger(intake, rowsOf(ROWS), CHUNK);
  const { seal } = bench;
  const grants = await bench.take(ROWS);
  await bench.settle(grants.map((grant) => outcome(grant, grant.index === 7 ? 'u' : 'a')));
  await foldChunk(redis, namespace, seal, 0);
  const items = async () => (await ledger.items(seal.home, seal.job, undefined, 0, ROWS)).rows;
  const before = await items();
  const named = before.filter(({ provider_id }) => provider_id !== null);
  expect(named).toHaveLength(ROWS - 1);

  for (let twice = 0; twice < 2; twice += 1) {
    expect(await eraseItems(redis, namespace, seal, 0, new Set([1]))).toBe(true);
    expect(await eraseItems(redis, namespace, seal, 1, new Set([1, 2]))).toBe(true);
  }
  const gone = new Set([1, 7, 8]);
  const nobody = { to: '', reference: null, provider_id: null };
  expect(await items()).toEqual(before.map((item) => (gone.has(item.index) ? { ...item, ...nobody } : item)));

  const idOf = async (index: number): Promise<string | null | undefined> => {
    const keys = chunkKeys(namespace, seal.home, seal.job, seal.fingerprint, Math.floor(index / CHUNK));
    const [lines, folded] = await ask(redis.client.mgetBuffer(keys.results, keys.folded));
    return readLines(lines?.toString() ?? '', folded ? unfoldResults(folded) : new Map()).get(index)
      ?.providerId;
  };
  expect([await idOf(1), await idOf(8)]).toEqual(['', '']);
  // The answer was lost; the receipt names the message.
  const late = await merge(redis, namespace, seal, 1, [receiptOf(7, grants[7]?.try ?? 0, 'delivered')]);
  expect(late).toMatchObject({ moved: 1, erased: true });
  expect(await idOf(7)).toBe('wamid.7');
  expect((await items())[7]).toMatchObject({ ...nobody, status: 'delivered' });
  expect(await eraseItems(redis, namespace, seal, 1, new Set())).toBe(true);
  expect(await idOf(7)).toBe('');
  expect(await idOf(9)).not.toBe('');
});
