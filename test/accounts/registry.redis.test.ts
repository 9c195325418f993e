import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { accountsKeys } from '../../src/accounts/keys.ts';
import { type AccountsOptions, type AccountsRegistry, createAccounts } from '../../src/accounts/registry.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { createSecret } from '../../src/base/secret.ts';
import { freshNamespace, redisUrl } from '../support/services.ts';
import { until } from '../support/until.ts';
import { fileOnDisk, recordingLogger, SECRETS, sampleFile } from './sample.ts';

const redis = createRedis(redisUrl(), systemClock);
const roots = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const;
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function setUp(content: unknown = sampleFile(), namespace = freshNamespace()) {
  const file = await fileOnDisk(content);
  ends.push(() => file.remove());
  return { file, namespace, key: accountsKeys(namespace).objects };
}

async function begin(options: Partial<AccountsOptions> & Pick<AccountsOptions, 'namespace' | 'file'>) {
  const logger = recordingLogger();
  const accounts: AccountsRegistry = createAccounts({
    redis,
    secret: createSecret([roots[0]]),
    clock: systemClock,
    logger,
    ...options,
  });
  await accounts.start();
  ends.push(() => accounts.stop());
  return { accounts, logger };
}

test('keys and senders are answered from the file', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  expect(accounts.authenticate(SECRETS.acmeKey)).toEqual({
    key: 'acme_live',
    workspace: 'acme',
    environment: 'live',
    scopes: ['*'],
  });
  expect(accounts.authenticate(`${SECRETS.acmeKey}x`)).toBeUndefined();
  expect(accounts.authenticate('')).toBeUndefined();
  expect(accounts.sender('s1')).toMatchObject({
    workspace: 'acme',
    environment: 'live',
    home: 'p:acme_bm',
    disabled: false,
    throughput: 80,
    access_token: SECRETS.token,
    app_secret: SECRETS.appSecret,
    portfolio: { id: 'acme_bm', messaging_limit: 2_000 },
  });
  expect(accounts.sender('s2')).toMatchObject({ home: 's:s2', portfolio: undefined, throughput: 80 });
  expect(accounts.sendersOf('p:acme_bm').map(({ id }) => id)).toEqual(['s1']);
  expect(accounts.homes().sort((a, b) => (a.home < b.home ? -1 : 1))).toEqual([
    { home: 'p:acme_bm', workspace: 'acme', environment: 'live' },
    { home: 's:b1', workspace: 'bravo', environment: 'live' },
    { home: 's:s2', workspace: 'acme', environment: 'live' },
  ]);
});

test('no secret of the file is in Redis in clear, nor in the log', async () => {
  const { file, namespace } = await setUp();
  const { accounts, logger } = await begin({ namespace, file: file.path });
  await accounts.reload();
  const keys = await redis.client.keys(`${namespace}*`);
  expect(keys.length).toBeGreaterThan(0);
  const dumps = await Promise.all(keys.map((key) => redis.client.dumpBuffer(key)));
  const fields = await redis.client.hgetall(accountsKeys(namespace).objects);
  const everything = [
    JSON.stringify(fields),
    ...dumps.map((dump) => dump.toString('latin1')),
    logger.text(),
  ].join('\n');
  expect(everything).toContain('acme_live');
  for (const secret of [...Object.values(SECRETS), 'token-of-s2', 'token-of-b1']) {
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
});

test('applying the same file again changes nothing, in whatever order its fields stand', async () => {
  const { file, namespace, key } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  const before = await redis.client.hgetall(key);
  expect(await accounts.reload()).toBe(true);
  const [first, ...rest] = sampleFile().workspaces;
  const turned = Object.fromEntries(Object.entries(first ?? {}).reverse());
  await file.write({ workspaces: [turned, ...rest] });
  expect(await accounts.reload()).toBe(true);
  await begin({ namespace, file: file.path });
  expect(await redis.client.hgetall(key)).toEqual(before);
  expect(before.version).toMatch(/^1\./);
});

test('a live change survives the unchanged file, and gives way when the file changes that object', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  await accounts.change('sender', 's1', { throughput: 200 });
  await accounts.reload();
  expect(accounts.sender('s1')?.throughput).toBe(200);

  const other = sampleFile();
  Object.assign(other.workspaces[0]?.senders[1] ?? {}, { throughput: 20 });
  await file.write(other);
  await accounts.reload();
  expect(accounts.sender('s1')?.throughput).toBe(200);
  expect(accounts.sender('s2')?.throughput).toBe(20);

  Object.assign(other.workspaces[0]?.senders[0] ?? {}, { throughput: 40 });
  await file.write(other);
  await accounts.reload();
  expect(accounts.sender('s1')?.throughput).toBe(40);
  await expect(accounts.change('sender', 's1', { throughput: -1 })).rejects.toThrow();
  expect(accounts.sender('s1')?.throughput).toBe(40);
});

test('what vanishes from the file is disabled, and comes back as it was', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  await accounts.change('sender', 's2', { throughput: 33 });
  const less = sampleFile();
  less.workspaces[0]?.senders.splice(1, 1);
  less.workspaces.splice(1, 1);
  await file.write(less);
  await accounts.reload();
  expect(accounts.sender('s2')).toMatchObject({ disabled: true, access_token: 'token-of-s2' });
  expect(accounts.sender('s1')?.disabled).toBe(false);
  expect(accounts.sender('b1')?.disabled).toBe(true);
  expect(accounts.authenticate(SECRETS.bravoKey)).toBeUndefined();
  expect(accounts.homes().map(({ home }) => home)).toContain('s:b1');

  await file.write(sampleFile());
  await accounts.reload();
  expect(accounts.sender('s2')).toMatchObject({ disabled: false, throughput: 33 });
  expect(accounts.authenticate(SECRETS.bravoKey)?.workspace).toBe('bravo');
});

test('another process sees a change within a second, also one without the file', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  const { accounts: other } = await begin({ namespace, file: undefined });
  expect(other.authenticate(SECRETS.acmeKey)?.key).toBe('acme_live');
  await accounts.change('sender', 's1', { throughput: 7 });
  await until(() => other.sender('s1')?.throughput === 7, {
    timeoutMs: 1_000,
    what: 'the other process sees 7',
  });
  expect(await other.reload()).toBe(false);
});

test('a bad file on reload is refused with every problem, and nothing changes', async () => {
  const { file, namespace, key } = await setUp();
  const { accounts, logger } = await begin({ namespace, file: file.path });
  const before = await redis.client.hgetall(key);
  const bad = sampleFile();
  Object.assign(bad.workspaces[0]?.senders[0] ?? {}, { throughput: 0, portfolio: 'gone' });
  await file.write(bad);
  expect(await accounts.reload()).toBe(false);
  expect(logger.lines.at(-1)).toEqual({
    event: 'accounts.refused',
    problems: [
      'workspaces[0].senders[0].throughput: must be at least 1',
      'workspaces[0].senders[0].portfolio: must be the id of a portfolio of the same workspace',
    ],
  });
  await file.write('{');
  expect(await accounts.reload()).toBe(false);
  expect(await redis.client.hgetall(key)).toEqual(before);
  expect(accounts.sender('s1')?.throughput).toBe(80);
});

test('a sender never changes its workspace: its jobs would go along', async () => {
  const { file, namespace } = await setUp();
  const { accounts, logger } = await begin({ namespace, file: file.path });
  const moved = sampleFile();
  const [sender] = moved.workspaces[0]?.senders.splice(1, 1) ?? [];
  if (sender) moved.workspaces[1]?.senders.push({ ...sender, account_id: 'waba-2' });
  await file.write(moved);
  expect(await accounts.reload()).toBe(false);
  expect(logger.lines.at(-1)?.problems?.[0]).toContain('sender s2: must stay in the workspace');
  expect(accounts.sender('s2')?.workspace).toBe('acme');
});

test('a sender that moves to a portfolio keeps the home of its earlier jobs', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  const moved = sampleFile();
  Object.assign(moved.workspaces[0]?.senders[1] ?? {}, { portfolio: 'acme_bm' });
  await file.write(moved);
  await accounts.reload();
  expect(accounts.sender('s2')?.home).toBe('p:acme_bm');
  expect(accounts.homes()).toContainEqual({ home: 's:s2', workspace: 'acme', environment: 'live' });
});

test('another secret on the same Redis is refused, a rotated one is taken and seals anew', async () => {
  const { file, namespace, key } = await setUp();
  await begin({ namespace, file: file.path });
  const other = createSecret([roots[1]]);
  await expect(begin({ namespace, file: file.path, secret: other })).rejects.toThrow(
    /^SLUICE_SECRET: must be the secret/,
  );

  const fingerprints = roots.map((root) => createSecret([root]).fingerprint);
  const rotated = createSecret([roots[1], roots[0]]);
  await begin({ namespace, file: file.path, secret: rotated, fingerprints });
  const { accounts, logger } = await begin({ namespace, file: file.path, secret: other });
  expect(accounts.sender('s1')?.access_token).toBe(SECRETS.token);
  expect(logger.lines.map(({ event }) => event)).toEqual(['accounts.applied']);
  const sealedBy = Object.values(await redis.client.hgetall(key)).map(
    (text) => /"sealed_by":"(\w+)"/.exec(text)?.[1],
  );
  expect(new Set(sealedBy.filter((one) => one !== undefined))).toEqual(new Set([other.fingerprint]));
});

test('many processes that start together agree', async () => {
  const { file, namespace, key } = await setUp();
  const all = await Promise.all(Array.from({ length: 8 }, () => begin({ namespace, file: file.path })));
  for (const { accounts } of all) expect(accounts.sender('s1')?.access_token).toBe(SECRETS.token);
  expect(await redis.client.hget(key, 'version')).toMatch(/^1\./);
});

test('when Redis loses its memory the file is applied again', async () => {
  const { file, namespace, key } = await setUp();
  const { accounts, logger } = await begin({ namespace, file: file.path });
  await redis.client.del(key, accountsKeys(namespace).secret);
  await accounts.refresh();
  expect(accounts.authenticate(SECRETS.acmeKey)?.key).toBe('acme_live');
  expect(await redis.client.hget(key, 'sender:s1')).not.toBeNull();
  expect(logger.lines.some(({ event }) => event === 'accounts.lost')).toBe(true);
});

test('an object that this release cannot read is as if it were not there, and keeps nobody else out', async () => {
  const { file, namespace, key } = await setUp();
  const { accounts, logger } = await begin({ namespace, file: file.path });
  const text = (await redis.client.hget(key, 'sender:s2')) ?? '';
  await redis.client.hset(
    key,
    'sender:s2',
    text.replace('"platform":"meta"', '"platform":"pigeon"'),
    'version',
    '9.new',
  );
  await accounts.refresh();
  expect(accounts.sender('s2')).toBeUndefined();
  expect(accounts.sender('s1')?.throughput).toBe(80);
  expect(logger.lines).toContainEqual({ event: 'accounts.unreadable', problems: ['sender:s2'] });
});

test('without Redis the start says so in one sentence', async () => {
  const { file, namespace } = await setUp();
  const nobody = createRedis('redis://127.0.0.1:1', systemClock);
  ends.push(() => nobody.close());
  await expect(begin({ namespace, file: file.path, redis: nobody, startPatienceMs: 300 })).rejects.toThrow(
    'Redis has not answered for 0.3 s: is REDIS_URL right, and does it run?',
  );
});

test('a key is not believed for longer than 5 s without word from Redis', async () => {
  const { file, namespace } = await setUp();
  let aheadUs = 0;
  const clock = { ...systemClock, monotonicUs: () => systemClock.monotonicUs() + aheadUs };
  const { accounts } = await begin({ namespace, file: file.path, clock });
  expect(accounts.authenticate(SECRETS.acmeKey)?.key).toBe('acme_live');
  aheadUs = 5_100_000;
  expect(() => accounts.authenticate(SECRETS.acmeKey)).toThrow(
    /nobody can tell whether this API key still holds/,
  );
  await accounts.refresh();
  expect(accounts.authenticate(SECRETS.acmeKey)?.key).toBe('acme_live');
});

test('what a file has changed while nothing ran is told to the first who listens, once', async () => {
  const { file, namespace } = await setUp();
  const { accounts } = await begin({ namespace, file: file.path });
  await accounts.stop();
  const other = sampleFile();
  Object.assign(other.workspaces[0]?.portfolios?.[0] ?? {}, { messaging_limit: 10_000 });
  await file.write(other);
  const { accounts: next } = await begin({ namespace, file: file.path });
  const heard: string[][] = [];
  next.watch((changed) => heard.push(changed.map(({ id }) => id)));
  next.watch((changed) => heard.push(changed.map(({ id }) => `${id} again`)));
  expect(heard).toEqual([['s1']]);
  await next.change('sender', 's2', { throughput: 20 });
  expect(heard.slice(1)).toEqual([['s2'], ['s2 again']]);
});
