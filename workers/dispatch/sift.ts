// Just before a take: whom may nobody write to? They become `suppressed` and the take passes them. A workspace without opt-outs pays nothing,
// one with them a look-up per take.
import type { Sender } from '../../src/accounts/port.ts';
import { optedOut } from '../../src/contacts/opted-out.ts';
import type { Suppressions } from '../../src/contacts/suppressions.ts';
import { type SuppressedRow, suppressRows } from '../../src/ledger/suppress.ts';
import type { DispatchContext } from './context.ts';
import type { JobView } from './jobs.ts';
import type { Candidate } from './take.ts';

type SiftContext = Pick<DispatchContext, 'redis' | 'namespace' | 'clock' | 'jobs' | 'accounts'> & {
  suppressions: Pick<Suppressions, 'any' | 'lookUp'>;
};

export async function sift(
  context: SiftContext,
  owner: Pick<Sender, 'workspace' | 'environment'>,
  candidates: readonly Candidate[],
): Promise<void> {
  const { redis, namespace, clock, suppressions, accounts } = context;
  const any = suppressions.any(owner);
  if (!(typeof any === 'boolean' ? any : await any)) return;
  const rows = rowsOf(context, candidates);
  const found = await suppressions.lookUp(
    owner,
    rows.map(({ to }) => to),
  );
  const suppressed = new Map<JobView, SuppressedRow[]>();
  for (const [at, optOut] of found) {
    const row = rows[at];
    const why = row && optedOut(optOut, row.view.seal.category);
    if (!row || !why) continue;
    const some = suppressed.get(row.view) ?? [];
    some.push({ index: row.index, ...why });
    suppressed.set(row.view, some);
  }
  for (const [{ seal }, some] of suppressed)
    await suppressRows(redis, namespace, seal, some, clock.now(), accounts.toldOf(seal.home));
}

interface OfferedRow {
  view: JobView;
  index: number;
  to: string;
}

/** What the take may start; a row whose content is gone is left to it. */
const rowsOf = ({ jobs }: SiftContext, candidates: readonly Candidate[]): OfferedRow[] =>
  candidates.flatMap(({ view, from, count }) =>
    Array.from({ length: count }, (_, i) => from + i).flatMap((index) => {
      const row = jobs.row(view, index);
      return row ? [{ view, index, to: row[0] }] : [];
    }),
  );
