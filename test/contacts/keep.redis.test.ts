// Two processes change one person at the same time and one of them dies: in whatever order the log has what they kept, an emptied Redis gets
// the newer one back.
import { afterAll, beforeEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createPersons } from '../../src/base/person.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createSecret } from '../../src/base/secret.ts';
import type { KeepPeople } from '../../src/contacts/keep.ts';
import type { Owner } from '../../src/contacts/keys.ts';
import { createSuppressions } from '../../src/contacts/suppressions.ts';
import { bringBack } from '../../workers/kept-in.ts';
import { ROOT_SECRET } from '../support/canaries.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';

const redis = createRedis(redisUrl(), clock);
afterAll(() => redis.close());

const owner: Owner = { workspace: 'acme', environment: 'live' };
const TO = '+16505551234';
const optOut = { to: TO, source: 'api', categories: undefined, reason: '' } as const;

interface Kept {
  key: string;
  value: string;
}

let log: Kept[] = [];
beforeEach(() => {
  log = [];
});

const written: KeepPeople = async (records) => {
  for (const record of records) log.push({ key: 'suppression/one', value: JSON.stringify(record) });
};

const storeOf = (namespace: string, kept: KeepPeople) =>
  createSuppressions({ redis, namespace, clock, persons: createPersons(createSecret([ROOT_SECRET])), kept });

/** What the first to change keeps comes last into the log, and it never looks again. */
async function late(
  first: (store: ReturnType<typeof storeOf>) => Promise<unknown>,
  second: (store: ReturnType<typeof storeOf>) => Promise<unknown>,
  before?: (store: ReturnType<typeof storeOf>) => Promise<unknown>,
): Promise<void> {
  const namespace = freshNamespace();
  await before?.(storeOf(namespace, written));
  const seen = Promise.withResolvers<Parameters<KeepPeople>[0]>();
  const dying: KeepPeople = (records) => {
    seen.resolve(records);
    return new Promise(() => {});
  };
  void first(storeOf(namespace, dying));
  const records = await seen.promise;
  await second(storeOf(namespace, written));
  await written(records);
}

async function restored(entries: readonly Kept[]): Promise<boolean> {
  const namespace = freshNamespace();
  const suppressions = storeOf(namespace, async () => {});
  const nothing = { restore: async () => {} };
  for (let round = 0; round < 2; round += 1)
    await bringBack({ accounts: nothing, contacts: nothing, suppressions }, entries);
  return (await suppressions.lookUp(owner, [TO])).size === 1;
}

test('opted out, then taken back: stays taken back', async () => {
  await late(
    (store) => store.add(owner, [optOut]),
    (store) => store.remove(owner, [TO]),
  );
  expect(await restored(log)).toBe(false);
});

test('taken back, then opted out again: stays out', async () => {
  await late(
    (store) => store.remove(owner, [TO]),
    (store) => store.add(owner, [optOut]),
    (store) => store.add(owner, [optOut]),
  );
  expect(await restored(log)).toBe(true);
});
