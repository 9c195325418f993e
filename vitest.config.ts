// Two groups, one after the other: what tests one room runs two files at a time; what measures or kills the whole
// service runs alone, so that its times are its own.
import { defineConfig } from 'vitest/config';

const whole = [
  'test/demo/**/*.redis.test.ts',
  'test/flow/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/load/**/*.test.ts',
];

export default defineConfig({
  test: {
    setupFiles: ['test/support/record-errors.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    retry: 0,
    watch: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: [...whole, 'test/compose/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'whole', include: whole, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
