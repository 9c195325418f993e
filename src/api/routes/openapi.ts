// GET /openapi.json and /docs: the API as it is described. Both are made once, when they are first asked for.
import type { FastifyInstance } from 'fastify';
import { documentOf } from '../openapi/document.ts';
import { OPERATIONS } from '../openapi/operations.ts';
import { pageOf } from '../openapi/page.ts';

/** The page brings all it needs, and may load nothing. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

export function openApiRoutes(app: FastifyInstance): void {
  let text: string | undefined;
  let page: string | undefined;
  app.get('/openapi.json', (_request, reply) => {
    text ??= JSON.stringify(documentOf(OPERATIONS));
    return reply.type('application/json; charset=utf-8').send(text);
  });
  app.get('/docs', (_request, reply) => {
    page ??= pageOf(documentOf(OPERATIONS));
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .header('referrer-policy', 'no-referrer')
      .send(page);
  });
}
