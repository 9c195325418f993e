// `sluice dead`: the records of the log that nobody could read.
import type { DeadLetter } from '../../contract/dead.ts';
import { count } from '../terminal/amounts.ts';
import { tableLines } from '../terminal/table.ts';
import type { Api } from './api.ts';

interface List {
  data: DeadLetter[];
  has_more: boolean;
}

const COLUMNS = ['POSITION', 'AT', 'TOPIC', 'TYPE', 'KEY', 'BYTES', 'REASON'];
const rowOf = ({ position, at, topic, headers, key, bytes, reason }: DeadLetter): string[] => [
  position,
  at,
  topic,
  headers.type ?? '',
  key,
  count(bytes),
  reason,
];

export async function deadList(api: Api): Promise<string[]> {
  const { data, has_more: more } = await api.get<List>('/v1/admin/dead?limit=1000');
  return [...tableLines([COLUMNS, ...data.map(rowOf)], [5]), ...(more ? ['… and older ones'] : [])];
}

/** All that is known of each, as JSON. */
export async function deadShow(api: Api, positions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const position of positions) found.push(JSON.stringify(await api.get(pathOf(position)), null, 2));
  return found;
}

export async function deadReplay(api: Api, positions: readonly string[]): Promise<string[]> {
  const done: string[] = [];
  for (const position of positions) {
    const { body } = await api.send<DeadLetter>('POST', `${pathOf(position)}/replay`, {});
    done.push(`${body.position} is in ${body.topic} again`);
  }
  return done;
}

const pathOf = (position: string): string => `/v1/admin/dead/${encodeURIComponent(position)}`;
