// The table of codes against a plain copy of the reference (§2): class by class, nothing missing and nothing more.
import { describe, expect, test } from 'vitest';
import { CODES, ruleOf } from '../../../src/platforms/meta/codes.ts';

const REFERENCE: Record<string, number[]> = {
  'later sender': [
    130429, 2, 131016, 133004, 131057, 131048, 131037, 33, 131045, 133006, 133010, 133016, 133000, 133005,
    133008, 133009, 133015,
  ],
  'later pair': [131056],
  'later recipient': [131049],
  'later item': [135000],
  'later template': [132069, 134101, 132015],
  'later portfolio': [80007, 80008, 131064, 368, 131031, 131042, 134011],
  'later credentials': [4, 17, 613, 0, 190, 104, 3, 10, 131005],
  'failed recipient': [131050, 130472, 131026, 131047, 131030, 130403, 130497],
  'failed item': [131021, 100, 131008, 131009, 132000, 132005, 132012],
  'failed template': [
    131051, 131052, 131053, 131055, 131063, 134100, 134102, 132018, 132001, 132007, 132016, 132068,
  ],
  unknown: [1, 131000],
};

const HOUR_MS = 3_600_000;

describe('the table of codes', () => {
  for (const [what, codes] of Object.entries(REFERENCE)) {
    test.each(codes)(`%i: ${what}`, (code) => {
      const rule = ruleOf(code);
      expect(rule?.outcome === 'unknown' ? 'unknown' : `${rule?.outcome} ${rule?.moves}`).toBe(what);
      expect(rule?.means).not.toBe('');
    });
  }

  test('holds exactly these', () => {
    expect([...CODES.keys()].sort((a, b) => a - b)).toEqual(
      Object.values(REFERENCE)
        .flat()
        .sort((a, b) => a - b),
    );
  });

  test('200 to 299 are missing permissions, and nothing around them is', () => {
    for (let code = 200; code <= 299; code++) expect(ruleOf(code)).toMatchObject({ moves: 'credentials' });
    expect([ruleOf(199), ruleOf(300), ruleOf(-1)]).toEqual([undefined, undefined, undefined]);
  });

  test('every wait ends, and what only a person can mend is not asked again within minutes', () => {
    for (const [code, rule] of CODES) {
      if (rule.outcome !== 'later') continue;
      expect(rule.atLeastMs + rule.baseMs, String(code)).toBeGreaterThan(0);
      expect(rule.capMs, String(code)).toBeGreaterThanOrEqual(rule.baseMs);
      if (rule.class === 'stop') expect(rule.atLeastMs, String(code)).toBeGreaterThanOrEqual(5 * 60_000);
      expect(rule.maxAttempts !== undefined, String(code)).toBe(rule.counts);
    }
  });

  test.each([131049, 131048])('%i waits a day', (code) => {
    expect(ruleOf(code)).toMatchObject({ atLeastMs: 24 * HOUR_MS });
  });
});
