// `sluice dead`: the records of the log that nobody could read.

import type { Client } from '../../client/client.ts';
import type { DeadLetter } from '../../contract/dead.ts';
import { count } from '../terminal/amounts.ts';
import { tableLines } from '../terminal/table.ts';

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

export async function deadList(api: Client): Promise<string[]> {
  const { data, has_more: more } = (await api.listDeadLetters({ query: { limit: 1_000 } })).body;
  return [...tableLines([COLUMNS, ...data.map(rowOf)], [5]), ...(more ? ['… and older ones'] : [])];
}

/** All that is known of each, as JSON. */
export async function deadShow(api: Client, positions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const position of positions)
    found.push(JSON.stringify((await api.getDeadLetter({ params: { position } })).body, null, 2));
  return found;
}

export async function deadReplay(api: Client, positions: readonly string[]): Promise<string[]> {
  const done: string[] = [];
  for (const position of positions) {
    const { body } = await api.replayDeadLetter({ params: { position } });
    done.push(`${body.position} is in ${body.topic} again`);
  }
  return done;
}
