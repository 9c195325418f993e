// Meta's errors as values, and the one envelope in which they travel (reference/meta-cloud-api.md §2, §2.1).
// The statuses are those of Meta's older table; a client must read the code, never the status.
import { randomBytes } from 'node:crypto';

export interface GraphError {
  code: number;
  status: number;
  message: string;
  type?: string;
  subcode?: number;
  details?: string;
  retryAfterS?: number;
}

/** Code → [HTTP status, title]. */
const TITLES: ReadonlyMap<number, readonly [number, string]> = new Map([
  [1, [400, 'An unknown error occurred']],
  [2, [503, 'Service temporarily unavailable']],
  [4, [400, 'Application request limit reached']],
  [100, [400, 'Invalid parameter']],
  [190, [401, 'Invalid OAuth access token']],
  [368, [403, 'Temporarily blocked for policies violations']],
  [2500, [404, 'Unknown path components']],
  [80007, [400, 'Rate limit issues']],
  [130403, [400, 'User blocked']],
  [130429, [400, 'Rate limit hit']],
  [130472, [400, "User's number is part of an experiment"]],
  [131000, [500, 'Something went wrong']],
  [131005, [403, 'Access denied']],
  [131008, [400, 'Required parameter is missing']],
  [131009, [400, 'Parameter value is not valid']],
  [131016, [500, 'Service unavailable']],
  [131021, [400, 'Recipient cannot be sender']],
  [131026, [400, 'Message undeliverable']],
  [131031, [403, 'Business Account locked']],
  [131042, [400, 'Business eligibility payment issue']],
  [131045, [500, 'Incorrect certificate']],
  [131047, [400, 'Re-engagement message']],
  [131048, [400, 'Spam rate limit hit']],
  [131049, [400, 'This message was not delivered to maintain healthy ecosystem engagement.']],
  [
    131050,
    [400, 'Unable to deliver the message. This recipient has chosen to stop receiving marketing messages'],
  ],
  [131051, [400, 'Unsupported message type']],
  [131056, [400, '(Business Account, Consumer Account) pair rate limit hit']],
  [131057, [500, 'Account in maintenance mode']],
  [132000, [400, 'Number of parameters does not match the expected number of params']],
  [132001, [404, 'Template name does not exist in the translation']],
  [132012, [400, 'Parameter format does not match format in the created template']],
  [132015, [400, 'Template is paused']],
  [132016, [400, 'Template is disabled']],
  [133010, [400, 'Account not registered']],
]);

type Extras = Partial<Omit<GraphError, 'code'>>;

export function graphError(code: number, extras: Extras = {}): GraphError {
  const [status, title] = TITLES.get(code) ?? [400, 'Something went wrong'];
  return { code, status, message: `(#${code}) ${title}`, ...extras };
}

/** A missing or wrong bearer token. Generic Graph errors carry no `error_data`. */
export function tokenError(): GraphError {
  return graphError(190, { message: 'Invalid OAuth access token - Cannot parse access token' });
}

/** An object that does not exist: 400 with subcode 33, not 404, as the Graph API answers. */
export function unknownObject(id: string): GraphError {
  return graphError(100, {
    subcode: 33,
    type: 'GraphMethodException',
    message:
      `Unsupported post request. Object with ID '${id}' does not exist, cannot be loaded due to missing ` +
      'permissions, or does not support this operation',
  });
}

export function unknownPath(path: string): GraphError {
  return graphError(2500, { message: `Unknown path components: ${path}` });
}

/** The answer's body, its fields in the order of Meta's sample. */
export function envelope(error: GraphError): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: error.type ?? 'OAuthException',
      code: error.code,
      ...(error.details === undefined
        ? {}
        : { error_data: { messaging_product: 'whatsapp', details: error.details } }),
      ...(error.subcode === undefined ? {} : { error_subcode: error.subcode }),
      fbtrace_id: `A${randomBytes(16).toString('base64url')}`,
    },
  });
}
