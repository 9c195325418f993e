// The messages of a job, from a list or an audience, checked one by one and against what is known of templates.
import type { Sender } from '../accounts/port.ts';
import type { BulkRequestBody } from '../contract/request.ts';
import { type Addressed, checkAddressed } from './audience.ts';
import { contentOf } from './envelope.ts';
import { checkTemplates, type TemplateChecks } from './known-templates.ts';
import { type CheckedRows, type ContentCheck, checkRows } from './rows.ts';

/** `list`: whom the envelope's audience stands for. Throws `unprocessable` when the job's own template does not exist. */
export function checkMessages(
  checks: TemplateChecks,
  sender: Sender,
  envelope: BulkRequestBody,
  list: readonly Addressed[] | undefined,
  check: ContentCheck,
): Promise<CheckedRows> {
  const content = contentOf(envelope);
  return checkTemplates(checks, sender, content, check, (one) =>
    list ? checkAddressed(list, content, one) : checkRows(envelope.messages, content, one),
  );
}
