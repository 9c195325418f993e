import { expect, test } from 'vitest';
import { checkAccounts, readAccountsFile } from '../../src/accounts/file.ts';
import { AccountsProblems } from '../../src/accounts/problems.ts';
import { fileOnDisk, SECRETS, sampleFile } from './sample.ts';

function problemsOf(data: unknown, stagingHosts: string[] = []): string[] {
  try {
    checkAccounts(data, stagingHosts);
  } catch (error) {
    if (error instanceof AccountsProblems) return error.problems;
    throw error;
  }
  return [];
}

async function sentenceAbout(content: unknown): Promise<string> {
  const file = await fileOnDisk(content);
  try {
    await readAccountsFile(file.path);
  } catch (error) {
    return (error as Error).message.replace(file.path, 'PATH');
  } finally {
    await file.remove();
  }
  return '';
}

test('the sample has no problems', () => {
  expect(problemsOf(sampleFile())).toEqual([]);
});

test('every problem is reported at once, each with its path', () => {
  const file = {
    workspaces: [
      {
        id: 'acme corp',
        plan: 'gold',
        colour: 'red',
        api_keys: [{ id: 'k', secret: 'short', environment: 'prod' }],
        portfolios: [{ id: 'p', messaging_limit: 'lots' }],
        senders: [
          {
            id: 's1',
            platform: 'pigeon',
            portfolio: 'nowhere',
            external_id: '1',
            base_url: 'ftp://x',
            access_token: 't',
            throughput: 0,
            limits: [{ name: 'minute', count: 1.5, per: '60 s', pace: 'even' }],
          },
          { id: 's1', platform: 'meta', external_id: '1', access_token: 7 },
          'no sender',
        ],
        webhooks: [{ url: 'http://127.0.0.1/', events: [], secret: 'x' }],
      },
      { plan: { per_second: 0, per_week: 1 } },
    ],
  };
  expect(problemsOf(file).sort()).toEqual(
    [
      'workspaces[0].id: must be 1..64 of A-Z, a-z, 0-9, "_", "." and "-"',
      'workspaces[0].plan: must be "free" or "pro" or "business" or "agency" or "campaigns", or an object',
      'workspaces[0].colour: is not a known field',
      'workspaces[0].api_keys[0].secret: must be at least 32 characters long',
      'workspaces[0].api_keys[0].environment: must be "live" or "staging" or "test"',
      'workspaces[0].portfolios[0].messaging_limit: must be a number, or "unlimited"',
      'workspaces[0].senders[0].platform: must be "meta"',
      'workspaces[0].senders[0].portfolio: must be the id of a portfolio of the same workspace',
      'workspaces[0].senders[0].base_url: must be a URL that starts with http:// or https://',
      'workspaces[0].senders[0].throughput: must be at least 1',
      'workspaces[0].senders[0].limits[0].count: must be a whole number',
      'workspaces[0].senders[0].limits[0].per: must be a duration such as "45s", "10m" or "24h", at most 30 days',
      'workspaces[0].senders[1].id: must be unique, and is the id of another sender (workspaces[0].senders[0].id)',
      'workspaces[0].senders[1].access_token: must be a string',
      'workspaces[0].senders[2]: must be an object',
      'workspaces[0].webhooks[0].events: must be at least 1 long',
      'workspaces[1].id: must be a string, and is missing',
      'workspaces[1].plan.per_second: must be at least 1',
      'workspaces[1].plan.per_week: is not a known field',
    ].sort(),
  );
});

test('what stands twice is said over the whole installation, and secrets are never repeated', () => {
  const file = sampleFile();
  file.workspaces[1]?.api_keys.push({ id: 'acme_live', secret: SECRETS.acmeKey });
  Object.assign(file.workspaces[1] ?? {}, { id: 'acme', portfolios: [{ id: 'acme_bm' }] });
  const problems = problemsOf(file);
  expect(problems).toEqual([
    'workspaces[1].id: must be unique, and is the id of another workspace (workspaces[0].id)',
    'workspaces[1].api_keys[1].id: must be unique, and is the id of another API key (workspaces[0].api_keys[0].id)',
    'workspaces[1].api_keys[1].secret: must be unique, and is the secret of another API key (workspaces[0].api_keys[0].secret)',
    'workspaces[1].portfolios[0].id: must be unique, and is the id of another portfolio (workspaces[0].portfolios[0].id)',
  ]);
  expect(problems.join()).not.toContain(SECRETS.acmeKey);
});

test('a portfolio is of the same workspace and environment, and a test sender stays in the sandbox', () => {
  const sender = { id: 'x', platform: 'meta', external_id: '9', access_token: 't' };
  const file = {
    workspaces: [
      {
        id: 'a',
        portfolios: [{ id: 'p' }],
        senders: [
          { ...sender, portfolio: 'p', environment: 'test' },
          { ...sender, id: 'y', environment: 'test', base_url: 'https://GRAPH.facebook.com.' },
          { ...sender, id: 'z', environment: 'test', base_url: 'http://127.0.0.1:9100' },
        ],
      },
      { id: 'b', senders: [{ ...sender, id: 'w', portfolio: 'p' }] },
    ],
  };
  const sandbox = "must be the sandbox's address, because a test sender never reaches a platform";
  expect(problemsOf(file)).toEqual([
    'workspaces[0].senders[0].portfolio: must be a portfolio of the same environment (test)',
    'workspaces[1].senders[0].portfolio: must be the id of a portfolio of the same workspace',
    `workspaces[0].senders[0].base_url: ${sandbox}`,
    `workspaces[0].senders[1].base_url: ${sandbox}`,
  ]);
});

test('a staging sender reaches what the installation names, and without that no platform', () => {
  const sender = { environment: 'staging', platform: 'meta', external_id: '9', access_token: 't' };
  const file = {
    workspaces: [
      {
        id: 'a',
        api_keys: [{ id: 'k', secret: 'sk_staging_0123456789abcdef0123456789', environment: 'staging' }],
        senders: [
          { ...sender, id: 'x' },
          { ...sender, id: 'y', base_url: 'https://Sandbox.example:9100' },
        ],
      },
    ],
  };
  const at = (n: number, what: string): string => `workspaces[0].senders[${n}].base_url: must be ${what}`;
  const sandbox = "the sandbox's address, because a staging sender never reaches a platform";
  const named = 'at a host of STAGING_HOSTS, because a staging sender reaches no other';
  expect(problemsOf(file)).toEqual([at(0, sandbox)]);
  expect(problemsOf(file, ['sandbox.example'])).toEqual([at(0, named)]);
  expect(problemsOf(file, ['graph.facebook.com'])).toEqual([at(1, named)]);
});

test('a missing file is one sentence with its path', async () => {
  await expect(readAccountsFile('/nowhere/accounts.json')).rejects.toThrow(
    /^The accounts file \/nowhere\/accounts\.json does not exist: .*SLUICE_ACCOUNTS/,
  );
});

test('broken JSON is one sentence that says where, and quotes nothing', async () => {
  expect(await sentenceAbout('{"workspaces": [\n  {"id": "x" "y"}]}')).toBe(
    'The accounts file PATH is not valid JSON: line 2, column 14.',
  );
  expect(await sentenceAbout('{"workspaces": [')).toBe(
    'The accounts file PATH is not valid JSON: it ends too early.',
  );
  const unquoted = await sentenceAbout(`{\n"workspaces": [\n{"secret": ${SECRETS.acmeKey}}]}`);
  expect(unquoted).toBe('The accounts file PATH is not valid JSON: near line 3.');
  expect(await sentenceAbout('')).toContain('it ends too early');
});

test('a file that is no object, or has no workspaces, says so', () => {
  expect(problemsOf([])).toEqual(['the file: must be an object']);
  expect(problemsOf({ workspaces: [] })).toEqual(['workspaces: must be at least 1 long']);
});
