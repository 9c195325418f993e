// Pages of a list that stands in memory, by id.
import type { Owner } from '../accounts/port.ts';
import type { Cursors } from './cursor.ts';

export interface MemoryPage<One> {
  data: One[];
  has_more: boolean;
  next_cursor: string | null;
}

/** `all` is sorted by id; a cursor names the id that its page ended with. */
export function pageAfter<One extends { id: string }>(
  all: readonly One[],
  { workspace, environment }: Owner,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  cursors: Cursors<string>,
): MemoryPage<One> {
  const bound = [workspace, environment];
  const after = cursor === undefined ? undefined : cursors.read(bound, cursor);
  const rest = after === undefined ? all : all.filter(({ id }) => id > after);
  const data = rest.slice(0, limit);
  const last = data.at(-1);
  const more = rest.length > data.length && last !== undefined;
  return { data, has_more: more, next_cursor: more ? cursors.write(bound, last.id) : null };
}
