// Which addresses the senders of an environment may have: `live` any, `test` none of a platform itself, `staging` only hosts that the
// installation names, and while it names none the same as `test`.
import type { Environment } from '../contract/environment.ts';

/** Hosts of the platforms themselves. */
const REAL_PLATFORM = /(^|\.)facebook\.com\.?$/i;

/** Why a sender may not have this address; undefined: it may. `stagingHosts` are in lower case. */
export function addressProblem(
  environment: Environment,
  url: string,
  stagingHosts: readonly string[],
): string | undefined {
  if (environment === 'live' || !URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  if (environment === 'staging' && stagingHosts.length > 0)
    return stagingHosts.includes(hostname)
      ? undefined
      : 'must be at a host of STAGING_HOSTS, because a staging sender reaches no other';
  if (!REAL_PLATFORM.test(hostname)) return undefined;
  return `must be the sandbox's address, because a ${environment} sender never reaches a platform`;
}
