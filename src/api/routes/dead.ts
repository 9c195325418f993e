// GET /v1/admin/dead and /v1/admin/dead/:position, POST …/:position/replay: records of the log that nobody could read. With the admin key.
import type { FastifyInstance } from 'fastify';
import { refused } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { createDeadLetters } from '../../log/dead-letters.ts';
import type { Log } from '../../log/port.ts';
import type { Body } from '../body.ts';
import { createCursors } from '../cursor.ts';
import { noQuery, pageQuery, parseQuery } from '../query.ts';

export interface DeadRoutesOptions {
  log: Pick<Log, 'append' | 'dead'>;
  secret: Secret;
}

export function deadRoutes(app: FastifyInstance, { log, secret }: DeadRoutesOptions): void {
  const admin = { config: { scope: 'admin' as const } };
  const letters = createDeadLetters(log);
  const cursors = createCursors<string>(secret, 'dead');

  app.get('/v1/admin/dead', admin, async (request) => {
    const { limit, cursor } = parseQuery(pageQuery, request.query);
    const before = cursor === undefined ? undefined : cursors.read([], cursor);
    const found = await letters.list({ limit: limit + 1, before });
    const data = found.slice(0, limit);
    const last = data.at(-1);
    const more = found.length > limit && last !== undefined;
    return { data, has_more: more, next_cursor: more ? cursors.write([], last.position) : null };
  });

  app.get<{ Params: { position: string } }>('/v1/admin/dead/:position', admin, async (request) => {
    parseQuery(noQuery, request.query);
    return (await letters.show(request.params.position)) ?? none();
  });

  app.post<{ Params: { position: string } }>('/v1/admin/dead/:position/replay', admin, async (request) => {
    (request.body as Body | undefined)?.lease.release();
    parseQuery(noQuery, request.query);
    return (await letters.replay(request.params.position)) ?? none();
  });
}

function none(): never {
  throw refused('not_found', 'There is no such record.');
}
