// /v1/admin/*: the operator's side, with SLUICE_ADMIN_KEY: plans, one stop for all sending, and the trail of who changed what.
import type { FastifyInstance } from 'fastify';
import type { AuditTrail } from '../../accounts/audit.ts';
import { EVERYTHING } from '../../accounts/entries.ts';
import type { AccountsRegistry } from '../../accounts/registry.ts';
import { refused } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { stopSchema } from '../../contract/account.ts';
import { PLANS } from '../../contract/plan.ts';
import { isoTime } from '../../contract/time.ts';
import { noteSubject } from '../audit.ts';
import { createCursors } from '../cursor.ts';
import { optionalBody } from '../json-body.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface AdminRoutesOptions {
  accounts: Pick<AccountsRegistry, 'installation' | 'mark'>;
  audit: AuditTrail;
  secret: Secret;
}

const admin = { config: { scope: 'admin' as const } };

export function adminRoutes(app: FastifyInstance, options: AdminRoutesOptions): void {
  app.get('/v1/admin/plans', admin, (request) => {
    parseQuery(noQuery, request.query);
    return { data: Object.entries(PLANS).map(([id, rules]) => ({ id, ...rules })) };
  });
  stopRoutes(app, options.accounts);
  auditRoutes(app, options);
}

function stopRoutes(app: FastifyInstance, accounts: AdminRoutesOptions['accounts']): void {
  for (const [action, stopped] of [
    ['stop', true],
    ['start', false],
  ] as const)
    app.post(`/v1/admin/${action}`, admin, async (request) => {
      const { workspace } = optionalBody(request, stopSchema);
      parseQuery(noQuery, request.query);
      noteSubject(request, workspace ?? '', workspace ?? EVERYTHING);
      if (workspace === undefined) await accounts.mark('installation', EVERYTHING, { stopped });
      else if (accounts.installation().workspaces.has(workspace))
        await accounts.mark('workspace', workspace, { stopped });
      else throw refused('not_found', 'There is no such workspace.');
      return { workspace: workspace ?? null, stopped };
    });
}

function auditRoutes(app: FastifyInstance, { audit, secret }: AdminRoutesOptions): void {
  const cursors = createCursors<string>(secret, 'audit');
  app.get('/v1/admin/audit', admin, async (request) => {
    const { limit, cursor } = parseQuery(pageQuery, request.query);
    const found = await audit.list(limit + 1, cursor === undefined ? undefined : cursors.read([], cursor));
    const data = found.slice(0, limit).map(({ atMs, ...entry }) => ({ ...entry, at: isoTime(atMs) }));
    const last = data.at(-1);
    const more = found.length > data.length && last !== undefined;
    return { data, has_more: more, next_cursor: more ? cursors.write([], last.id) : null };
  });
}
