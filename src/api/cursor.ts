// Cursors of lists: opaque, signed, and good for one route, one workspace and one filter only.
import { refused } from '../base/failure.ts';
import { type Secret, sameText } from '../base/secret.ts';

const SIGNATURE_LENGTH = 22;
const CURSOR_MAX_LENGTH = 1_024;

export interface Cursors<Position> {
  write(bound: readonly string[], position: Position): string;
  /** Throws `invalid_request` for a cursor of another list, another filter, another caller, or one that was changed. */
  read(bound: readonly string[], cursor: string): Position;
}

/** `read` of the position is trusted: only what this process's secret signed gets there. */
export function createCursors<Position>(secret: Secret, kind: string): Cursors<Position> {
  const sign = (bound: readonly string[], payload: string): string =>
    secret.derive('cursor', [kind, ...bound, payload], SIGNATURE_LENGTH);
  return {
    write: (bound, position) => {
      const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
      return sign(bound, payload) + payload;
    },
    read: (bound, cursor) => {
      const payload = cursor.slice(SIGNATURE_LENGTH);
      const signature = cursor.slice(0, SIGNATURE_LENGTH);
      if (cursor.length > CURSOR_MAX_LENGTH || !sameText(signature, sign(bound, payload))) throw badCursor();
      return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Position;
    },
  };
}

const badCursor = () =>
  refused('invalid_request', 'The cursor is not one of this list with this filter.', [
    {
      path: 'cursor',
      code: 'invalid_cursor',
      message: 'must be the next_cursor of a page of the same list and filter',
    },
  ]);
