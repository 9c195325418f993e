// The values that tests send through the service, known so that they can be searched for: no secret may be seen in clear anywhere, and no number
// or text outside of the stores that are meant for them.
import { SECRETS } from '../accounts/sample.ts';
import { API_KEY } from './client.ts';

export const ACCESS_TOKEN = 'sandbox-access-token';
/** One app for all senders, as at Meta. */
export const APP_SECRET = 'app-secret-of-the-stage';
export const VERIFY_TOKEN = 'verify-token-of-the-stage';
/** Of every stage. */
export const ROOT_SECRET = Buffer.from('canary: root secret of the stage').toString('base64');

const secrets = [ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, ROOT_SECRET, API_KEY, ...Object.values(SECRETS)];
/** Keys that the service makes, and secrets of webhooks; what is too short to be one is a test's own. */
const secretForms = [/sk_(?:live|test)_[0-9a-f]{16}_[0-9a-f]{56}/, /whsec_[A-Za-z0-9+/=]{24,}/];
/** Numbers of tests begin so, with `+` or without; texts hold the word. */
const numberForm = /(?<!\d)1650\d{7}(?!\d)/;
const textWord = 'Canary';

export type Found = 'secret' | 'number' | 'text';

/** The kinds of canaries that `text` holds. */
export function canariesIn(text: string): Found[] {
  const found: Found[] = [];
  if (secrets.some((secret) => text.includes(secret)) || secretForms.some((form) => form.test(text)))
    found.push('secret');
  // Most texts hold none of it: a plain search is faster than the form.
  if (text.includes('1650') && numberForm.test(text)) found.push('number');
  if (text.includes(textWord)) found.push('text');
  return found;
}
