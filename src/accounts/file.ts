// Reads the accounts file and says everything that is wrong with it at once, each fault with its place.
import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { messageOf } from '../base/failure.ts';
import { accountsFileSchema } from '../contract/account.ts';
import { crossProblems } from './cross-checks.ts';
import { AccountsProblems, problemLines, wording } from './problems.ts';

const FILE_MAX_BYTES = 256 * 1024 * 1024;
/** A file with more faults than this is another kind of file. */
const PROBLEMS_MAX = 1_000;

/** The file as it was written, checked: defaults are not filled in, so that its objects can be compared with themselves. */
export type AccountsInput = z.input<typeof accountsFileSchema>;

/** `stagingHosts`: what senders of `staging` may reach. Throws `AccountsProblems`: one sentence when there is no readable JSON, else a line per fault. */
export async function readAccountsFile(
  path: string,
  stagingHosts: readonly string[] = [],
): Promise<AccountsInput> {
  return checkAccounts(parseJson(await textOf(path), path), stagingHosts);
}

/** The same checks for accounts that are already in memory. */
export function checkAccounts(data: unknown, stagingHosts: readonly string[] = []): AccountsInput {
  const parsed = accountsFileSchema.safeParse(data, { error: wording });
  const problems = [
    ...(parsed.success ? [] : problemLines(parsed.error.issues)),
    ...crossProblems(data, stagingHosts),
  ];
  if (problems.length > PROBLEMS_MAX)
    problems.splice(PROBLEMS_MAX, Infinity, `… and ${problems.length - PROBLEMS_MAX} more`);
  if (problems.length > 0) throw new AccountsProblems(problems);
  return data as AccountsInput;
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > FILE_MAX_BYTES)
      throw new AccountsProblems([`The accounts file ${path} is larger than ${FILE_MAX_BYTES} bytes.`]);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof AccountsProblems) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AccountsProblems([
      missing
        ? `The accounts file ${path} does not exist: copy accounts.example.json there, or set SLUICE_ACCOUNTS to where it is.`
        : `The accounts file ${path} cannot be read: ${messageOf(error)}.`,
    ]);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new AccountsProblems([
      `The accounts file ${path} is not valid JSON${placeOf(messageOf(error), text)}.`,
    ]);
  }
}

/**
 * Where the parser stopped, as far as its message tells. The message itself quotes the file around the fault, and what it
 * quotes may be a secret.
 */
function placeOf(message: string, text: string): string {
  const direct = /line (\d+) column (\d+)/.exec(message);
  if (direct) return `: line ${direct[1]}, column ${direct[2]}`;
  const quoted = /, (?:\.{3})?"(.*)"(?:\.{3})? is not valid JSON$/s.exec(message)?.[1];
  const at = quoted ? text.indexOf(quoted) : -1;
  if (at >= 0 && text.indexOf(quoted ?? '', at + 1) < 0)
    return `: near line ${text.slice(0, at).split('\n').length}`;
  return /end of JSON/.test(message) ? ': it ends too early' : '';
}
