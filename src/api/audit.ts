// Writes the audit trail: every change that succeeded, before its answer leaves.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditTrail } from '../accounts/audit.ts';
import type { Body } from './body.ts';

/** What a good answer of a route means. Routes that make messages or contacts are not in it: their jobs tell. */
export const AUDITED: Readonly<Record<string, string>> = {
  'POST /v1/jobs/:id/pause': 'job.paused',
  'POST /v1/jobs/:id/resume': 'job.resumed',
  'POST /v1/jobs/:id/cancel': 'job.canceled',
  'POST /v1/jobs/:id/retry': 'job.retried',
  'PATCH /v1/jobs/:id': 'job.changed',
  'POST /v1/jobs/control': 'jobs.controlled',
  'PATCH /v1/senders/:id': 'sender.changed',
  'PATCH /v1/portfolios/:id': 'portfolio.changed',
  'POST /v1/keys': 'key.created',
  'POST /v1/keys/:id/rotate': 'key.rotated',
  'DELETE /v1/keys/:id': 'key.revoked',
  'POST /v1/suppressions': 'suppressions.added',
  'DELETE /v1/suppressions': 'suppressions.removed',
  'DELETE /v1/suppressions/:id': 'suppression.removed',
  'DELETE /v1/contacts/:id': 'contact.deleted',
  'POST /v1/webhooks': 'webhook.created',
  'PATCH /v1/webhooks/:id': 'webhook.changed',
  'DELETE /v1/webhooks/:id': 'webhook.deleted',
  'POST /v1/webhooks/:id/rotate': 'webhook.rotated',
  'POST /v1/webhooks/:id/replay': 'webhook.replayed',
  'POST /v1/admin/stop': 'sending.stopped',
  'POST /v1/admin/start': 'sending.started',
  'POST /v1/admin/dead/:position/replay': 'dead.replayed',
  'DELETE /v1/admin/keys/:id': 'key.revoked',
  ...Object.fromEntries(
    ['workspace', 'key', 'portfolio', 'sender'].flatMap((kind) => [
      [`POST /v1/admin/${kind}s`, `${kind}.created`],
      [`PATCH /v1/admin/${kind}s/:id`, `${kind}.changed`],
    ]),
  ),
};

/** Fields whose values are plain settings. Of others the trail says only that they were set. */
const PLAIN = new Set([
  ...['workspace', 'environment', 'portfolio', 'plan', 'scopes', 'expires_at', 'overlap', 'disabled'],
  ...['throughput', 'messaging_limit', 'limits', 'paused', 'platform', 'arrival_bound'],
  ...['action', 'priority', 'send_at', 'spread'],
]);
const VALUE_MAX_LENGTH = 1_000;
/** Of a larger body nothing is told: it is a list of numbers. */
const BODY_MAX_LENGTH = 64 * 1024;
const ADMIN = 'admin';

interface Subject {
  workspace: string;
  id: string;
}

const subjects = new WeakMap<FastifyRequest, Subject>();

/** Says whom a change is about, where the address and the caller do not. */
export function noteSubject(request: FastifyRequest, workspace: string, id: string): void {
  subjects.set(request, { workspace, id });
}

export function auditChanges(app: FastifyInstance, trail: AuditTrail): void {
  app.addHook('onSend', async (request, reply) => {
    const action = AUDITED[`${request.method} ${request.routeOptions.url}`];
    if (action === undefined || reply.statusCode >= 300) return;
    const { id = '' } = (request.params ?? {}) as { id?: string };
    const caller = request.principal;
    const subject = subjects.get(request) ?? { workspace: caller?.workspace ?? '', id };
    await trail.add({
      actor: caller?.key ?? ADMIN,
      action,
      workspace: subject.workspace,
      subject: subject.id,
      changes: changesIn((request.body as Body | undefined)?.raw),
    });
  });
}

/** What was asked for, without what must not be kept. It was parsed once already, so it is a small JSON object or nothing. */
function changesIn(raw: Buffer | undefined): Record<string, unknown> {
  if (!raw || raw.length === 0 || raw.length > BODY_MAX_LENGTH) return {};
  const fields = Object.entries(JSON.parse(raw.toString('utf8')) as object);
  return Object.fromEntries(
    fields.map(([name, value]) => {
      const plain = PLAIN.has(name) && JSON.stringify(value).length <= VALUE_MAX_LENGTH;
      return [name, plain ? value : '(set)'];
    }),
  );
}
