// An opt-out as the reason of an item that is not sent.
import type { Row } from '../contract/record.ts';
import type { Category } from '../contract/suppression.ts';
import type { Owner } from './keys.ts';
import { forbids, type Suppressed } from './suppressed.ts';
import type { Suppressions } from './suppressions.ts';

const SAID: Readonly<Record<string, string>> = {
  inbound: 'the person wrote that they want no more messages',
  platform: 'the person told the platform that they want no more messages',
};

export interface OptedOut {
  code: 'suppressed';
  message: string;
}

/** Undefined when it is about other categories. */
export function optedOut(optOut: Suppressed, category: Category): OptedOut | undefined {
  if (!forbids(optOut, category)) return undefined;
  return {
    code: 'suppressed',
    message: SAID[optOut.source] ?? `the person is suppressed (${optOut.source})`,
  };
}

/** The rows whose people have opted out of the category, by their place among these. */
export async function optedOutRows(
  suppressions: Pick<Suppressions, 'lookUp'>,
  owner: Owner,
  category: Category,
  rows: readonly Row[],
): Promise<(OptedOut & { index: number })[]> {
  const people = rows.flatMap((row, index) => (row === 0 ? [] : [{ index, to: row[0] }]));
  const found = await suppressions.lookUp(
    owner,
    people.map(({ to }) => to),
  );
  return [...found].flatMap(([at, optOut]) => {
    const why = optedOut(optOut, category);
    const person = people[at];
    return why && person ? [{ index: person.index, ...why }] : [];
  });
}
