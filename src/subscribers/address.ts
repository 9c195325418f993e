// The address of an endpoint: what may be registered at all. Where it leads is looked at again for every connection (base/public-address.ts).
import { isIP } from 'node:net';
import { isPublicAddress } from '../base/public-address.ts';

const URL_MAX = 2_048;
const HTTPS_PORT = '443';
/** Below it live services that were not made for strangers. */
const FREE_PORTS_FROM = 1_024;

/** What is wrong with it; undefined: nothing. `trusted`: the accounts file allows private addresses, and http. */
export function addressProblem(text: string, trusted: boolean): string | undefined {
  if (text.length > URL_MAX) return `must be at most ${URL_MAX} characters long`;
  if (!URL.canParse(text)) return 'must be a URL such as "https://example.com/hook"';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  if (url.protocol !== 'https:' && !(trusted && url.protocol === 'http:')) return 'must start with https://';
  if (trusted) return undefined;
  if (url.port !== '' && url.port !== HTTPS_PORT && Number(url.port) < FREE_PORTS_FROM)
    return `must use port ${HTTPS_PORT}, or one from ${FREE_PORTS_FROM} on`;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : NOT_PUBLIC;
  return /(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(host) ||
    !host.replace(/\.$/, '').includes('.')
    ? NOT_PUBLIC
    : undefined;
}

const NOT_PUBLIC = 'must be an address of the public internet';
