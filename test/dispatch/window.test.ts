// What is left of the candidates after a take: nothing granted stays, nothing else goes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobView } from '../../workers/dispatch/jobs.ts';
import type { Candidate, Grant } from '../../workers/dispatch/take.ts';
import { afterGrants, rowsLeft } from '../../workers/dispatch/window.ts';
import { jobEntries, rowsOf } from '../support/job-entries.ts';

const views: JobView[] = Array.from({ length: 3 }, () => ({
  home: 's:s1',
  seal: jobEntries({ home: 's:s1', sender: 's1', rows: rowsOf(1) }).seal,
  spans: [],
}));

const rowKey = (view: JobView, index: number): string => `${view.seal.job}:${index}`;
const rowsIn = (candidates: readonly Candidate[]): string[] =>
  candidates.flatMap(({ view, from, count }) =>
    Array.from({ length: count }, (_, i) => rowKey(view, from + i)),
  );

test('granted rows leave the window; a run goes on behind its last granted row', () => {
  const candidate = fc.record({
    view: fc.nat(2),
    from: fc.nat(50),
    count: fc.integer({ min: 1, max: 20 }),
    alone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 6 }), fc.nat(60), (given, granted) => {
      // As peek shows them: rows that wait alone lie before the cursor of their job, and a job has one run.
      const candidates = given.flatMap(({ view: slot, from, count, alone }, i): Candidate[] => {
        const view = views[slot];
        if (!view) return [];
        if (alone) return [{ view, cursor: '', from: 200 + i, count: 1, queue: 0 }];
        const first = given.findIndex((one) => !one.alone && one.view === slot);
        return first === i ? [{ view, cursor: view.seal.job, from: 1_000 + from, count, queue: 3 }] : [];
      });
      candidates.sort((a, b) => a.queue - b.queue);
      const grants: Grant[] = candidates
        .flatMap(({ view, from, count }) =>
          Array.from({ length: count }, (_, i) => ({
            view,
            index: from + i,
            try: 1,
            momentUs: 0,
            run: '',
            person: '',
            mark: '',
          })),
        )
        .slice(0, granted);
      const left = afterGrants({ version: '1', nextDueUs: 0, whole: false, candidates }, grants);
      const gone = new Set(grants.map(({ view, index }) => rowKey(view, index)));
      expect(rowsIn(left.candidates)).toEqual(rowsIn(candidates).filter((row) => !gone.has(row)));
      expect(rowsLeft(left)).toBe(rowsIn(candidates).length - grants.length);
    }),
  );
});
