// Every operation of the API. A new group of routes adds its file here.

import { adminOperations } from './admin.ts';
import { contactOperations } from './contacts.ts';
import { deadOperations } from './dead.ts';
import { jobOperations } from './jobs.ts';
import { keyOperations } from './keys.ts';
import { limitOperations } from './limits.ts';
import { mediaOperations } from './media.ts';
import { messageOperations } from './messages.ts';
import type { Operations } from './operation.ts';
import { senderOperations } from './senders.ts';
import { suppressionOperations } from './suppressions.ts';
import { systemOperations } from './system.ts';
import { templateOperations } from './templates.ts';
import { webhookOperations } from './webhooks.ts';

export const OPERATIONS: Operations = {
  ...messageOperations,
  ...jobOperations,
  ...senderOperations,
  ...contactOperations,
  ...templateOperations,
  ...mediaOperations,
  ...suppressionOperations,
  ...webhookOperations,
  ...keyOperations,
  ...limitOperations,
  ...adminOperations,
  ...deadOperations,
  ...systemOperations,
};
