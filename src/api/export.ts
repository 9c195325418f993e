// All items of a job as CSV or NDJSON, read from the ledger as fast as the client takes them.
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { unavailable } from '../base/failure.ts';
import type { Item, ItemStatus } from '../contract/job.ts';
import type { LedgerReader } from '../ledger/port.ts';

/** Items of one reading: ten chunks. */
const PAGE_ITEMS = 5_000;
/** Exports of one process at a time; each holds two pages. */
const MAX_EXPORTS = 20;
const FULL_RETRY_MS = 5_000;

export const EXPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const;

const COLUMNS = [
  'index',
  'to',
  'reference',
  'status',
  'attempts',
  'provider_id',
  'error_code',
  'error_message',
  'updated_at',
];

export interface Exports {
  /** Answers with every item of a job. A reading that fails cuts the connection, so that half a list never looks whole. */
  send(request: FastifyRequest, reply: FastifyReply, wanted: ExportOrder): FastifyReply;
}

export interface ExportOrder {
  home: string;
  id: string;
  status: ItemStatus | undefined;
  type: string;
}

export function createExports(ledger: Pick<LedgerReader, 'items'>): Exports {
  let open = 0;
  return {
    send: (request, reply, order) => {
      if (open >= MAX_EXPORTS)
        throw unavailable('Too many lists are being sent just now.', undefined, FULL_RETRY_MS);
      open += 1;
      const lines = Readable.from(pages(ledger, order), { objectMode: false, highWaterMark: 1 });
      const zipped = acceptsGzip(request.headers['accept-encoding']);
      if (zipped) reply.header('content-encoding', 'gzip');
      const ending = order.type === 'text/csv' ? 'csv' : 'ndjson';
      reply
        .header('vary', 'accept, accept-encoding')
        .header('content-disposition', `attachment; filename="${order.id}.${ending}"`)
        .type(`${order.type}; charset=utf-8`);
      return reply.send(
        pipeline(lines, zipped ? createGzip() : new PassThrough(), () => {
          open -= 1;
        }),
      );
    },
  };
}

/** Text of one page at a time. */
async function* pages(
  ledger: Pick<LedgerReader, 'items'>,
  { home, id, status, type }: ExportOrder,
): AsyncGenerator<string> {
  const csv = type === 'text/csv';
  if (csv) yield `${COLUMNS.join(',')}\r\n`;
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: Awaited<ReturnType<LedgerReader['items']>> = await ledger.items(
      home,
      id,
      status,
      from,
      PAGE_ITEMS,
    );
    const text = page.rows.map(csv ? csvLine : (item) => `${JSON.stringify(item)}\n`).join('');
    if (text !== '') yield text;
    from = page.next;
  }
}

const csvLine = ({ index, to, reference, status, attempts, provider_id, error, updated_at }: Item): string =>
  `${index},${to},${quoted(reference)},${status},${attempts},${quoted(provider_id)},${quoted(error?.code)},${quoted(error?.message)},${updated_at}\r\n`;

const quoted = (text: string | null | undefined): string =>
  text && /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : (text ?? '');

function acceptsGzip(header: string | string[] | undefined): boolean {
  const parts = String(header ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase());
  return parts.some((part) => /^(gzip|x-gzip|\*)(\s*;\s*q=(?!0(\.0*)?$).*)?$/.test(part));
}
