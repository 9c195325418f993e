// What is submitted to the platform as a job of one: its row, and what must be known of the sender for it.
import { hasAccount, type Sender } from '../accounts/port.ts';
import { refused } from '../base/failure.ts';
import { type CheckedRows, noneChecked } from './rows.ts';

/** Throws `unprocessable` for a sender whose account at the platform is not known. */
export function submittedTemplate([template]: readonly unknown[], sender: Sender): CheckedRows {
  if (!hasAccount(sender)) throw withoutAccount();
  return {
    ...noneChecked(1),
    rows: [['', { template: JSON.stringify(template) }]],
    total: 1,
  };
}

/** The file stands beside, under the job's id. */
export const submittedMedia = ([media]: readonly unknown[]): CheckedRows => ({
  ...noneChecked(1),
  rows: [['', { media: JSON.stringify(media) }]],
  total: 1,
});

export function withoutAccount() {
  const message = 'has no account_id, which its templates belong to';
  return refused('unprocessable', `The sender ${message}`, [{ path: 'sender', code: 'no_account', message }]);
}
