// What calls about an account have in common: their token, faults on demand, and the answer of the account's judge.
import type { IncomingMessage } from 'node:http';
import type { AccountBook } from '../ledger/accounts.ts';
import type { World } from '../world.ts';
import { type GraphError, graphError } from './graph-error.ts';

export const hasToken = ({ headers }: IncomingMessage): boolean =>
  /^Bearer \S/.test(headers.authorization ?? '');

/** Why the call goes no further; `cut`: without an answer. `fits`: what the judge said. */
export function admit(world: World, book: AccountBook, fits: boolean): GraphError | 'cut' | undefined {
  const fault = world.faults.before(book.id);
  if (fault?.kind === 'drop_before') return 'cut';
  if (fault?.kind === 'throttle' || !fits) return graphError(80007);
  return fault && graphError(fault.code ?? 131000, { details: 'Injected by the sandbox.' });
}
