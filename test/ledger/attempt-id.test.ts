// Attempt ids: read back whole, and only when they are ours.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecret } from '../../src/base/secret.ts';
import { createAttemptIds } from '../../src/ledger/attempt-id.ts';

const root = () => randomBytes(32).toString('base64');
const job = 'job_Xo2kQ0aBVp3nC8dJ5mT1wYzR4uE6gHsL';

test('every name comes back, in at most 256 opaque bytes', () => {
  const ids = createAttemptIds(createSecret([root()]));
  const naturals = [fc.nat({ max: 10_000_000 }), fc.nat({ max: 255 })] as const;
  fc.assert(
    fc.property(...naturals, (index, attempt) => {
      const id = ids.make(job, index, attempt);
      expect(id).toMatch(/^[\w-]{1,200}\.[\w-]{16}$/);
      expect(id).not.toContain(job);
      expect(ids.read(id)).toEqual({ job, index, try: attempt });
    }),
  );
});

test('a letter changed anywhere, another secret, or anything else is not ours', () => {
  const secret = root();
  const ids = createAttemptIds(createSecret([secret]));
  const id = ids.make(job, 12, 1);
  for (let at = 0; at < id.length; at++) {
    const other = id[at] === 'A' ? 'B' : 'A';
    const forged = id.slice(0, at) + other + id.slice(at + 1);
    // The last letter of base64 may carry bits that decode to nothing.
    const same = ids.read(forged);
    if (same) expect(same).toEqual({ job, index: 12, try: 1 });
    if (at !== id.indexOf('.') - 1) expect(same).toBeUndefined();
  }
  expect(createAttemptIds(createSecret([root()])).read(id)).toBeUndefined();
  for (const text of ['', '.', 'a.b', `${id}.x`, 'x'.repeat(300)]) expect(ids.read(text)).toBeUndefined();
});

test('ids of before a rotation are still ours', () => {
  const [old, next] = [root(), root()];
  const id = createAttemptIds(createSecret([old])).make(job, 7, 3);
  expect(createAttemptIds(createSecret([next, old])).read(id)).toEqual({ job, index: 7, try: 3 });
  expect(createAttemptIds(createSecret([next])).read(id)).toBeUndefined();
});
