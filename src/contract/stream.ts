// The query of `POST /v1/jobs`: the fields of a bulk request by their paths, and how the columns of a CSV are read. All are texts here; what they
// mean is checked as in any bulk request.
import { z } from 'zod';
import { CATEGORIES, ON_UNKNOWN, PRIORITY_NAMES, VALIDATIONS } from './request.ts';

export const STREAM_MAX_ROWS = 10_000_000;

const text = z.string().optional();
const asJson = z.string().meta({ description: 'As JSON.' }).optional();
const flag = z.enum(['true', 'false']).optional();
const time = z.string().meta({ format: 'date-time' }).optional();
const duration = z
  .string()
  .meta({ examples: ['10m'] })
  .optional();
const column = (description: string) => z.string().min(1).meta({ description }).optional();

export const streamQuerySchema = z.strictObject({
  sender: z.string().min(1).max(64),
  'template.name': text,
  'template.language': text,
  'template.components': asJson,
  'text.body': text,
  'text.preview_url': flag,
  category: z.enum(CATEGORIES).optional(),
  send_at: time,
  spread: duration,
  expires_after: duration,
  finish_by: time,
  'quiet_hours.from': text,
  'quiet_hours.to': text,
  'quiet_hours.time_zone': text,
  priority: z.enum(PRIORITY_NAMES).optional(),
  validation: z.enum(VALIDATIONS).optional(),
  unique_within: duration,
  on_unknown: z.enum(ON_UNKNOWN).optional(),
  metadata: asJson,
  'columns.to': column('CSV: the column with the number; "to" by default.'),
  'columns.reference': column(
    'CSV: the column with your reference; "reference" by default, where there is one.',
  ),
  'columns.variables': column(
    'CSV: the columns with the variables of the template, in its order, separated by commas; by default all others.',
  ),
  'columns.named': z
    .enum(['true', 'false'])
    .meta({ description: 'CSV: the variables have the names of their columns.' })
    .optional(),
});
export type StreamQuery = z.output<typeof streamQuerySchema>;

/** Which columns of a CSV are what. */
export interface ColumnNames {
  to: string;
  reference: string;
  /** Undefined: all that are left. */
  variables: string[] | undefined;
  named: boolean;
}

export const columnNamesOf = (query: StreamQuery): ColumnNames => ({
  to: query['columns.to'] ?? 'to',
  reference: query['columns.reference'] ?? 'reference',
  variables: query['columns.variables']?.split(',').map((name) => name.trim()),
  named: query['columns.named'] === 'true',
});
