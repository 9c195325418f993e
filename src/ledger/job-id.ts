// A job's id is derived, so that a repeat of the same request makes the same id. Its first letters name the home, which finds its keys.
import type { Secret } from '../base/secret.ts';

const HOME_LETTERS = 8;

/** The letters that stand for a home inside a job id. */
export const homeLetters = (secret: Secret, home: string): string =>
  secret.derive('home', [home], HOME_LETTERS);

/** `parts`: workspace, environment, route and idempotency key. */
export const jobIdOf = (secret: Secret, home: string, parts: readonly string[]): string =>
  `job_${homeLetters(secret, home)}${secret.derive('job', parts)}`;

/** The home letters of a job id; undefined when the text is no job id. */
export const homeLettersOf = (jobId: string): string | undefined =>
  /^job_([A-Za-z0-9_-]{8})[A-Za-z0-9_-]{22}$/.exec(jobId)?.[1];

/** Finds the home that the id of a job names, whoever it belongs to. */
export const homeFinder =
  ({ homeOfLetters }: { homeOfLetters(letters: string): string | undefined }) =>
  (jobId: string): string | undefined =>
    homeOfLetters(homeLettersOf(jobId) ?? '');
