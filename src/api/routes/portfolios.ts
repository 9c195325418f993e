// GET /v1/portfolios, GET and PATCH /v1/portfolios/:id: what senders share. A change of the messaging limit binds all of them at once.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts, Portfolio } from '../../accounts/port.ts';
import { refused } from '../../base/failure.ts';
import { portfolioPatchSchema } from '../../contract/account.ts';
import { callerOf } from '../auth.ts';
import { createCursors } from '../cursor.ts';
import { checkIfMatch, tagged } from '../etag.ts';
import { jsonBody } from '../json-body.ts';
import { checkPeriods, limitViews } from '../limit-views.ts';
import { pageAfter } from '../page.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';
import { type SenderRoutesOptions, tellLimitChange } from './senders.ts';

export function portfolioRoutes(app: FastifyInstance, options: SenderRoutesOptions): void {
  const { accounts, secret } = options;
  const read = { config: { scope: 'senders:read' as const } };
  const write = { config: { scope: 'senders:write' as const } };
  const cursors = createCursors<string>(secret, 'portfolios');
  const view = (one: Portfolio) => portfolioView(accounts, one);

  app.get('/v1/portfolios', read, (request) => {
    const caller = callerOf(request);
    const page = pageAfter(
      accounts.portfolios(caller),
      caller,
      parseQuery(pageQuery, request.query),
      cursors,
    );
    return { ...page, data: page.data.map(view) };
  });

  app.get<{ Params: { id: string } }>('/v1/portfolios/:id', read, (request, reply) => {
    parseQuery(noQuery, request.query);
    return tagged(request, reply, view(ownPortfolio(accounts, request, request.params.id)));
  });

  app.patch<{ Params: { id: string } }>('/v1/portfolios/:id', write, async (request, reply) => {
    const { id } = request.params;
    const { given, value } = jsonBody(request, portfolioPatchSchema);
    parseQuery(noQuery, request.query);
    const before = ownPortfolio(accounts, request, id);
    checkIfMatch(request, view(before));
    if (value.limits) checkPeriods(before.limits, value.limits);
    await accounts.change('portfolio', id, given);
    await tellLimitChange(options, request, { sender: null, portfolio: id }, given);
    return tagged(request, reply, view(ownPortfolio(accounts, request, id)));
  });
}

function ownPortfolio(accounts: Accounts, request: FastifyRequest, id: string): Portfolio {
  const found = accounts.portfolios(callerOf(request)).find((one) => one.id === id);
  if (found) return found;
  throw refused('not_found', 'There is no such portfolio.');
}

export const portfolioView = (
  accounts: Pick<Accounts, 'senders'>,
  { id, environment, messaging_limit, limits, workspace }: Portfolio,
) => ({
  id,
  environment,
  messaging_limit,
  limits: limitViews(limits),
  senders: accounts
    .senders({ workspace, environment })
    .filter(({ portfolio }) => portfolio?.id === id)
    .map((sender) => sender.id),
});
