// Just before a take: whom may nobody write to? They become `suppressed` and the take passes them. A workspace without opt-outs and a job
// without `unique_within` pay nothing; else it is a look-up per take.
import type { Sender } from '../../src/accounts/port.ts';
import { optedOutRows } from '../../src/contacts/opted-out.ts';
import type { Recent } from '../../src/contacts/recent.ts';
import type { Suppressions } from '../../src/contacts/suppressions.ts';
import type { Row } from '../../src/contract/record.ts';
import { durationText } from '../../src/contract/time.ts';
import { type SuppressedRow, suppressRows } from '../../src/ledger/suppress.ts';
import type { DispatchContext } from './context.ts';
import type { JobView } from './jobs.ts';
import type { Candidate } from './take.ts';
import { byUniqueness, uniquenessOf } from './unique.ts';

type SiftContext = Pick<
  DispatchContext,
  'redis' | 'namespace' | 'clock' | 'jobs' | 'accounts' | 'personOf'
> & {
  suppressions: Pick<Suppressions, 'any' | 'lookUp'>;
  recent: Pick<Recent, 'seen'>;
};
type Owner = Pick<Sender, 'workspace' | 'environment'>;
type Why = Omit<SuppressedRow, 'index'>;

export async function sift(
  context: SiftContext,
  owner: Owner,
  candidates: readonly Candidate[],
): Promise<void> {
  const { redis, namespace, clock, accounts } = context;
  const any = context.suppressions.any(owner);
  const listed = typeof any === 'boolean' ? any : await any;
  const unique = candidates.some(({ view }) => view.seal.unique_within_ms !== undefined);
  if (!listed && !unique) return;
  const rows = rowsOf(context, candidates);
  const reasons = new Map<OfferedRow, Why>();
  // The look-up first: it learns whom the platform calls by another number.
  if (listed) await findOptedOut(context, owner, rows, reasons);
  if (unique) await findRecent(context, owner, rows, reasons);
  const suppressed = Map.groupBy(reasons, ([{ view }]) => view);
  for (const [{ seal }, some] of suppressed) {
    const items = some.map(([{ index }, why]) => ({ index, ...why }));
    await suppressRows(redis, namespace, seal, items, clock.now(), accounts.toldOf(seal.home));
  }
}

async function findOptedOut(
  { suppressions }: SiftContext,
  owner: Owner,
  rows: readonly OfferedRow[],
  reasons: Map<OfferedRow, Why>,
): Promise<void> {
  const found = await optedOutRows(
    suppressions,
    owner,
    (index) => (rows[index] as OfferedRow).view.seal,
    rows.map(({ row }) => row),
  );
  for (const { index, ...why } of found) reasons.set(rows[index] as OfferedRow, why);
}

async function findRecent(
  { recent, personOf }: SiftContext,
  { workspace }: Owner,
  rows: readonly OfferedRow[],
  reasons: Map<OfferedRow, Why>,
): Promise<void> {
  const left = rows.filter((offered) => !reasons.has(offered));
  for (const { of, items } of byUniqueness(left, ({ view, row }) => uniquenessOf(view, row[3]))) {
    const claimants = items.map(({ view, index, row }) => {
      // An item that was not tried yet has no claim.
      return { person: personOf(workspace, row[0]), job: view.seal.job, index, retried: true };
    });
    const seen = await recent.seen(of, claimants);
    const message = `the person got this template within ${durationText(of.withinMs)}`;
    for (const [i, offered] of items.entries())
      if (seen[i]) reasons.set(offered, { code: 'recent', message });
  }
}

interface OfferedRow {
  view: JobView;
  index: number;
  row: Exclude<Row, 0>;
}

/** What the take may start; a row whose content is gone is left to it. */
const rowsOf = ({ jobs }: SiftContext, candidates: readonly Candidate[]): OfferedRow[] =>
  candidates.flatMap(({ view, from, count }) =>
    Array.from({ length: count }, (_, i) => from + i).flatMap((index) => {
      const row = jobs.row(view, index);
      return row ? [{ view, index, row }] : [];
    }),
  );
