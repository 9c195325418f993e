// /v1/admin/workspaces, keys, portfolios and senders: list, one, create, change, disable. With SLUICE_ADMIN_KEY only. Secrets never come
// back out, except that of a key in the answer that makes it.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kind } from '../../accounts/entries.ts';
import { addressProblem } from '../../accounts/reach.ts';
import { refused } from '../../base/failure.ts';
import {
  keyOfSchema,
  keyPatchSchema,
  portfolioOfPatchSchema,
  portfolioOfSchema,
  SENDER_SECRETS,
  senderOfPatchSchema,
  senderOfSchema,
  workspacePatchSchema,
  workspaceSchema,
} from '../../contract/account.ts';
import type { Environment } from '../../contract/environment.ts';
import { noteSubject } from '../audit.ts';
import { createCursors } from '../cursor.ts';
import { invalidBody, jsonBody } from '../json-body.ts';
import { checkPeriods } from '../limit-views.ts';
import { pageAfter } from '../page.ts';
import { noQuery, pageFields, parseQuery } from '../query.ts';
import { type KeyRoutesOptions, keyView, makeKey, revokeKey } from './keys.ts';
import { portfolioView } from './portfolios.ts';
import { senderView } from './senders.ts';

type Changes = Record<string, unknown>;
type Accounts = KeyRoutesOptions['accounts'];

export const ofWorkspace = z.strictObject({ ...pageFields, workspace: z.string().min(1).max(64).optional() });
const admin = { config: { scope: 'admin' as const } };

export function adminAccountRoutes(app: FastifyInstance, options: KeyRoutesOptions): void {
  const { accounts } = options;
  const all = () => accounts.installation();
  resource(app, options, {
    kind: 'workspace',
    all: () => [...all().workspaces.values()].map((one) => ({ ...one, workspace: one.id })),
    view: ({ id, plan, disabled, stopped }) => ({ id, plan, disabled, stopped }),
    create: async (request) => {
      const { given, value } = jsonBody(request, workspaceSchema);
      await create(accounts, 'workspace', { ...given, workspace: value.id });
      return { id: value.id };
    },
    patch: workspacePatchSchema,
  });
  resource(app, options, {
    kind: 'portfolio',
    all: () => [...all().portfolios.values()],
    view: (one) => ({ workspace: one.workspace, ...portfolioView(accounts, one), disabled: one.disabled }),
    create: async (request) => {
      const { given, value } = jsonBody(request, portfolioOfSchema);
      checkWorkspace(accounts, value.workspace);
      await create(accounts, 'portfolio', given);
      return { id: value.id };
    },
    patch: portfolioOfPatchSchema,
  });
  resource(app, options, {
    kind: 'sender',
    all: () => [...all().senders.values()],
    view: (one) => ({ workspace: one.workspace, ...senderView(one) }),
    create: async (request) => {
      const { given, value } = jsonBody(request, senderOfSchema);
      checkWorkspace(accounts, value.workspace);
      checkPortfolio(accounts, value);
      checkAddress(options, value);
      await create(accounts, 'sender', given);
      return { id: value.id };
    },
    patch: senderOfPatchSchema,
  });
  resource(app, options, {
    kind: 'key',
    all: () => [...all().keys.values()],
    view: (key) => ({ workspace: key.workspace, ...keyView(key) }),
    create: async (request) => {
      const { value } = jsonBody(request, keyOfSchema);
      checkWorkspace(accounts, value.workspace);
      return makeKey(options, value, value);
    },
    patch: keyPatchSchema,
  });
  app.delete<{ Params: { id: string } }>('/v1/admin/keys/:id', admin, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const key = all().keys.get(request.params.id);
    if (!key) throw refused('not_found', 'There is no such key.');
    noteSubject(request, key.workspace, key.id);
    await revokeKey(accounts, key);
    return reply.code(204).send();
  });
}

interface Resource<One extends { id: string; workspace: string }> {
  kind: Exclude<Kind, 'installation' | 'webhook'>;
  all(): One[];
  view(one: One): object;
  /** Makes what the body asks for; its id, and what is shown only now. */
  create(request: FastifyRequest): Promise<{ id: string; secret?: string }>;
  patch: z.ZodType<{ disabled?: boolean | undefined }>;
}

function resource<One extends { id: string; workspace: string }>(
  app: FastifyInstance,
  { accounts, secret }: KeyRoutesOptions,
  { kind, all, view, create, patch }: Resource<One>,
): void {
  const path = `/v1/admin/${kind}s`;
  const cursors = createCursors<string>(secret, `admin.${kind}`);
  const one = (id: string): One => {
    const found = all().find((candidate) => candidate.id === id);
    if (found) return found;
    throw refused('not_found', `There is no such ${kind}.`);
  };
  app.get(path, admin, (request) => {
    const { workspace, ...query } = parseQuery(ofWorkspace, request.query);
    const list = all()
      .filter((candidate) => workspace === undefined || candidate.workspace === workspace)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = pageAfter(list, { workspace: workspace ?? '', environment: 'live' }, query, cursors);
    return { ...page, data: page.data.map(view) };
  });
  app.get<{ Params: { id: string } }>(`${path}/:id`, admin, (request) => {
    parseQuery(noQuery, request.query);
    return view(one(request.params.id));
  });
  app.post(path, admin, async (request, reply) => {
    parseQuery(noQuery, request.query);
    const { id, secret: shown } = await create(request);
    const made = one(id);
    noteSubject(request, made.workspace, made.id);
    reply.code(201);
    return { ...view(made), ...(shown !== undefined && { secret: shown }) };
  });
  app.patch<{ Params: { id: string } }>(`${path}/:id`, admin, async (request) => {
    const { given, value } = jsonBody(request, patch);
    parseQuery(noQuery, request.query);
    const before = one(request.params.id);
    noteSubject(request, before.workspace, before.id);
    await change(accounts, kind, before, given, value);
    return view(one(before.id));
  });
}

async function change(
  accounts: Accounts,
  kind: Kind,
  before: { id: string } & Changes,
  given: Changes,
  value: { disabled?: boolean | undefined } & Changes,
): Promise<void> {
  const { disabled, ...fields } = given;
  if (Array.isArray(value.limits) && Array.isArray(before.limits)) checkPeriods(before.limits, value.limits);
  const [plain, secrets] = secretsApart(fields);
  if (Object.keys(fields).length > 0) await accounts.change(kind, before.id, plain, secrets);
  if (value.disabled !== undefined) await accounts.mark(kind, before.id, { off: value.disabled });
}

async function create(accounts: Accounts, kind: Kind, given: Changes): Promise<void> {
  const { workspace, ...fields } = given;
  const [value, secrets] = secretsApart(fields);
  await accounts.create({ kind, id: String(fields.id), workspace: String(workspace), value, secrets });
}

/** Tokens and secrets are kept encrypted; null takes one away. */
function secretsApart(fields: Changes): [Changes, Record<string, string>] {
  const isSecret = ([name]: [string, unknown]): boolean => SENDER_SECRETS.includes(name);
  const entries = Object.entries(fields);
  return [
    Object.fromEntries(entries.filter((field) => !isSecret(field))),
    Object.fromEntries(entries.filter(isSecret).map(([name, text]) => [name, String(text ?? '')])),
  ];
}

function checkWorkspace(accounts: Accounts, id: string): void {
  if (accounts.installation().workspaces.has(id)) return;
  throw unknownIn('workspace', 'is not a workspace');
}

function checkPortfolio(
  accounts: Accounts,
  sender: { workspace: string; environment: string; portfolio?: string | undefined },
): void {
  if (sender.portfolio === undefined) return;
  const found = accounts.installation().portfolios.get(sender.portfolio);
  if (found?.workspace === sender.workspace && found.environment === sender.environment) return;
  throw unknownIn('portfolio', 'is not a portfolio of the same workspace and environment');
}

/** Throws `invalid_request` for an address that senders of this environment must not reach. */
function checkAddress(
  { config }: KeyRoutesOptions,
  { environment, base_url: url }: { environment: Environment; base_url: string },
): void {
  const message = addressProblem(environment, url, config.stagingHosts ?? []);
  if (message !== undefined) throw invalidBody([{ path: 'base_url', code: 'not_reachable', message }]);
}

const unknownIn = (path: string, message: string) =>
  refused('unprocessable', `The ${path} ${message}`, [{ path, code: `unknown_${path}`, message }]);
