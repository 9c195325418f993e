// A backlog without bounds.
import type { Backlog } from '../../src/accept/backlog.ts';

export const noBacklog: Backlog = { admit: async () => () => {} };
