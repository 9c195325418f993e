import { expect, test } from 'vitest';
import { aftermathOf } from '../../../src/platforms/meta/aftermath.ts';

const HOUR_MS = 3_600_000;

test.each([
  ['131048', { moves: 'sender', holdMs: 24 * HOUR_MS }],
  ['368', { moves: 'portfolio', holdMs: HOUR_MS / 12 }],
  ['132015', { moves: 'template', holdMs: HOUR_MS }],
  ['190', { moves: 'credentials', holdMs: HOUR_MS / 60 }],
  ['131026', undefined],
  ['131049', { moves: 'recipient', holdMs: 24 * HOUR_MS }],
  ['130429', undefined],
  ['failed', undefined],
])('%s → %j', (code, aftermath) => {
  expect(aftermathOf(code)).toEqual(aftermath);
});
