// Operations of routes/limits.ts.
import { keyLimitsSchema } from '../../contract/answer.ts';
import { type Operations, ok } from './operation.ts';

export const limitOperations: Operations = {
  'GET /v1/limits': {
    id: 'getLimits',
    tag: 'Keys',
    summary: 'How many requests this key may make, and has made',
    scope: 'any',
    answers: {
      200: ok('The plan and its windows.', keyLimitsSchema, {
        plan: 'business',
        data: [
          {
            name: 'minute',
            scope: 'all',
            kind: 'rolling',
            count: 600,
            per: '1m',
            used: 17,
            free: 583,
            next_free: '2026-12-01T09:00:00.000Z',
            cap: null,
          },
        ],
      }),
    },
  },
};
