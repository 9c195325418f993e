// Why an item is not sent: its person has opted out, or was forgotten after its job came.
import { isErased, type Row } from '../contract/record.ts';
import type { Category } from '../contract/suppression.ts';
import type { Owner } from './keys.ts';
import type { Standing } from './look-up.ts';
import { forbids } from './suppressed.ts';
import type { Suppressions } from './suppressions.ts';

const SAID: Readonly<Record<string, string>> = {
  inbound: 'the person wrote that they want no more messages',
  platform: 'the person told the platform that they want no more messages',
};

export interface OptedOut {
  code: 'suppressed';
  message: string;
}

export const FORGOTTEN: OptedOut = { code: 'suppressed', message: 'the person was forgotten' };

/** What is to be sent. */
export interface Meant {
  category: Category;
  /** When the job came: unix ms. */
  created_at: number;
}

/** Undefined when what is known of the person does not stand against it. */
function optedOut({ optOut, forgottenMs = -1 }: Standing, meant: Meant): OptedOut | undefined {
  if (forgottenMs >= meant.created_at) return FORGOTTEN;
  if (!optOut || !forbids(optOut, meant.category)) return undefined;
  return {
    code: 'suppressed',
    message: SAID[optOut.source] ?? `the person is suppressed (${optOut.source})`,
  };
}

/** The rows that may not be sent, by their place among these. `meantOf`: of the row at a place. */
export async function optedOutRows(
  suppressions: Pick<Suppressions, 'lookUp'>,
  owner: Owner,
  meantOf: (index: number) => Meant,
  rows: readonly Row[],
): Promise<(OptedOut & { index: number })[]> {
  const erased = rows.flatMap((row, index) => (isErased(row) ? [{ index, ...FORGOTTEN }] : []));
  const people = rows.flatMap((row, index) => (row === 0 || isErased(row) ? [] : [{ index, to: row[0] }]));
  const found = await suppressions.lookUp(
    owner,
    people.map(({ to }) => to),
  );
  const out = [...found].flatMap(([at, standing]) => {
    const person = people[at];
    const why = person && optedOut(standing, meantOf(person.index));
    return why ? [{ index: person.index, ...why }] : [];
  });
  return [...erased, ...out];
}
