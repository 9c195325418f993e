// `unique_within`: of all jobs that ask for it, one writes to a person with a template. What is known is sifted out before a take; who comes
// first is decided between the take and the call, in one script per template, so that two jobs that are sent at the same moment agree. Who
// loses goes back to its lane and is sifted out there.
import type { Claimant, Recent, Uniqueness } from '../../src/contacts/recent.ts';
import type { Content } from '../../src/contract/record.ts';
import type { Recorded } from './attempts.ts';
import type { DispatchContext } from './context.ts';
import type { JobView } from './jobs.ts';
import type { Outcome } from './settle.ts';
import type { Grant } from './take.ts';

type UniqueContext = Pick<DispatchContext, 'jobs'> & { recent: Recent };

/** What must be one about an item of this content; undefined: nothing. */
export function uniquenessOf({ seal }: JobView, content: Content | undefined): Uniqueness | undefined {
  const template = (content ?? seal.content).template?.name;
  const { workspace, environment, unique_within_ms: withinMs } = seal;
  return withinMs === undefined || template === undefined
    ? undefined
    : { workspace, environment, template, withinMs };
}

interface Asked<Item> {
  of: Uniqueness;
  items: Item[];
}

/** Items by what must be one about them; those about which nothing must are left out. */
export function byUniqueness<Item>(
  items: Iterable<Item>,
  of: (item: Item) => Uniqueness | undefined,
): Asked<Item>[] {
  const groups = new Map<string, Asked<Item>>();
  for (const item of items) {
    const one = of(item);
    if (!one) continue;
    const name = `${one.withinMs} ${one.template}`;
    const group = groups.get(name) ?? { of: one, items: [] };
    group.items.push(item);
    groups.set(name, group);
  }
  return [...groups.values()];
}

type Tried = Pick<Grant, 'view' | 'index' | 'try' | 'person'>;

const claimantOf = ({ view, index, try: attempt, person }: Tried): Claimant => ({
  person,
  job: view.seal.job,
  index,
  retried: attempt !== 1,
});

const ofItem =
  ({ jobs }: UniqueContext) =>
  ({ view, index, person }: Tried): Uniqueness | undefined =>
    view.seal.unique_within_ms === undefined || person === ''
      ? undefined
      : uniquenessOf(view, jobs.row(view, index)?.[3]);

/** For each call that must be the only one, whether it may be made: `pending` until it is known. Undefined: all may. */
export function claimAll(
  context: UniqueContext,
  lane: string,
  call: string,
  grants: readonly Grant[],
): Map<Grant, Recorded> | undefined {
  if (!grants.some(({ view }) => view.seal.unique_within_ms !== undefined)) return undefined;
  const claims = new Map<Grant, Recorded>();
  for (const { of, items } of byUniqueness(grants, ofItem(context))) {
    const asked = context.recent.claim(of, lane, call, items.map(claimantOf));
    for (const [i, grant] of items.entries()) {
      const claim: Recorded = {
        state: 'pending',
        done: asked.then(
          (won) => {
            claim.state = won[i] ? 'stored' : 'lost';
          },
          () => {
            claim.state = 'lost';
          },
        ),
      };
      claims.set(grant, claim);
    }
  }
  return claims;
}

/** Both must be stored. */
export function both(one: Recorded | undefined, other: Recorded | undefined): Recorded | undefined {
  if (!one || !other) return one ?? other;
  return {
    get state() {
      if (one.state === 'lost' || other.state === 'lost') return 'lost';
      return one.state === 'stored' && other.state === 'stored' ? 'stored' : 'pending';
    },
    done: Promise.all([one.done, other.done]).then(() => {}),
  };
}

/** Before they are settled: whom a refused call did not reach others may write to. Repeatable. */
export async function releaseUnreached(context: UniqueContext, outcomes: readonly Outcome[]): Promise<void> {
  const unreached = outcomes.filter(({ to }) => to === 'f' || to === 'q');
  for (const { of, items } of byUniqueness(unreached, ofItem(context)))
    await context.recent.release(of, items.map(claimantOf));
}
