// Where Meta's calls go, and as whom.
import type { SenderAccess } from '../port.ts';

const VERSION = 'v23.0';

export interface Address {
  /** Empty for an address that is none: its calls end as `invalid` at the door. */
  origin: string;
  /** What every path begins with, with the version and without a slash at its end. `base_url` may hold a path, as gateways have one. */
  root: string;
}

export function addressOf({ base_url }: Pick<SenderAccess, 'base_url'>): Address {
  const url = URL.canParse(base_url) ? new URL(base_url) : undefined;
  const prefix = url?.pathname.replace(/\/+$/, '') ?? '';
  return { origin: url?.origin ?? '', root: `${prefix}/${VERSION}` };
}

/** [name, value], as a call has its headers. */
export const authorization = ({ access_token }: Pick<SenderAccess, 'access_token'>): string[] => [
  'authorization',
  `Bearer ${access_token}`,
];

export const JSON_BODY = ['content-type', 'application/json'];
