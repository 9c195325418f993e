// Append-only histories, a line of JSON for each thing that was seen, in files that outlive the run: what the checker reads.
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the client heard of one try to post a job. `status` 0: no answer. */
export interface Posted {
  at: number;
  key: string;
  /** The job's recipients are numbered from here on. */
  first: number;
  count: number;
  status: number;
  job?: string;
  /** The connection was refused: nothing had been sent. */
  refused?: true;
}

/** One call that the platform saw. */
export interface Arrived {
  seq: number;
  at: number;
  to: string;
  taken: boolean;
  outcome: string;
}

/** What was done to whom. `sending`: messages that the ledger says were started and not settled just after. */
export interface Struck {
  at: number;
  kind: string;
  target: string;
  sending: number;
}

/** Whose take was the last of a lane, whenever that changed. */
export interface Took {
  at: number;
  lane: string;
  fence: number;
}

/** An event that the customer's receiver took. */
export interface Told {
  at: number;
  id: string;
  type: string;
  /** When what it tells of happened. */
  created?: string;
  job: string;
  index: number;
}

/** A job and its items, read at the end; `status` '' when it is not there. */
export interface Ended {
  at: number;
  job: string;
  status: string;
  counts: Record<string, number>;
  items: { to: string; status: string; index: number }[];
}

export interface Histories {
  client: Posted;
  platform: Arrived;
  faults: Struck;
  lanes: Took;
  sink: Told;
  ends: Ended;
}

export interface History {
  folder: string;
  add<Name extends keyof Histories>(name: Name, line: Histories[Name]): void;
  read<Name extends keyof Histories>(name: Name): Histories[Name][];
}

export function openHistory(folder: string): History {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => path.join(folder, `${name}.jsonl`);
  return {
    folder,
    add: (name, line) => appendFileSync(file(name), `${JSON.stringify(line)}\n`),
    read: (name) => {
      try {
        return readFileSync(file(name), 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      } catch {
        return [];
      }
    },
  };
}
