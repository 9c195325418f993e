// Operations of routes/media.ts.
import { acceptedSchema } from '../../contract/answer.ts';
import { mediaFormSchema } from '../../contract/media.ts';
import { ACCEPT_PROBLEMS, accepted, IDEMPOTENCY_KEY } from './messages.ts';
import { json, type Operations } from './operation.ts';

export const mediaOperations: Operations = {
  'POST /v1/media': {
    id: 'uploadMedia',
    tag: 'Templates',
    summary: 'Uploads one file to the platform',
    description:
      'A job of one: it goes as soon as the sender’s portfolio may upload (500 in any 24 hours). Its item has the media id of the platform, which ' +
      'goes into the components of a template, or the platform’s error. A form with the same fields and the same file is the same request.',
    scope: 'media:write',
    headers: IDEMPOTENCY_KEY,
    body: { content: { 'multipart/form-data': { schema: mediaFormSchema } } },
    answers: { 202: { ...accepted, content: json(acceptedSchema) } },
    problems: [...ACCEPT_PROBLEMS, 'payload_too_large', 'unsupported_media_type', 'unavailable'],
  },
};
