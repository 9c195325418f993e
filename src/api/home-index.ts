// Finds the home of a job from the first letters of its id, among the caller's own homes only: a foreign job is as good as none.
import type { Accounts, Principal } from '../accounts/port.ts';
import type { Secret } from '../base/secret.ts';
import { homeLetters, homeLettersOf } from '../ledger/job-id.ts';

export interface HomeIndex {
  /** The home of this job if the caller's workspace and environment have it. */
  homeOfJob(caller: Pick<Principal, 'workspace' | 'environment'>, job: string): string | undefined;
  /** The home of these letters, whoever it belongs to: for the ledger, never for a caller's input. */
  homeOfLetters(letters: string): string | undefined;
}

type Homes = ReturnType<Accounts['homes']>;

export function createHomeIndex(accounts: Pick<Accounts, 'homes'>, secret: Secret): HomeIndex {
  // A home's letters never change, so they outlive the list; 48 bits of them make a clash a matter of millions of homes.
  const letters = new Map<string, string>();
  let indexed: Homes | undefined;
  let byLetters = new Map<string, Homes[number]>();

  const index = (): Map<string, Homes[number]> => {
    const homes = accounts.homes();
    if (homes === indexed) return byLetters;
    byLetters = new Map(
      homes.map((entry) => {
        const own = letters.get(entry.home) ?? homeLetters(secret, entry.home);
        letters.set(entry.home, own);
        return [own, entry];
      }),
    );
    indexed = homes;
    return byLetters;
  };

  return {
    homeOfLetters: (wanted) => index().get(wanted)?.home,
    homeOfJob: ({ workspace, environment }, job) => {
      const wanted = homeLettersOf(job);
      const found = wanted === undefined ? undefined : index().get(wanted);
      return found?.workspace === workspace && found.environment === environment ? found.home : undefined;
    },
  };
}
