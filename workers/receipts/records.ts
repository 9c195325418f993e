// Log entries → receipt records. Pure.
import { refused } from '../../src/base/failure.ts';
import { type ReceiptRecord, receiptRecordSchema } from '../../src/contract/receipt.ts';
import type { DeliveredEntry } from '../../src/log/port.ts';

/** Throws `never` when the entry can never be read: unparsable, of an unknown version, or against its schema. */
export function readReceipts(entry: Pick<DeliveredEntry, 'value'>): ReceiptRecord {
  let value: unknown;
  try {
    value = JSON.parse(entry.value);
  } catch {
    throw refused('unprocessable', 'the record is not JSON');
  }
  const parsed = receiptRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refused(
    'unprocessable',
    `the record breaks its schema at ${issue?.path.join('.') || 'its root'}: ${issue?.message}`,
  );
}
