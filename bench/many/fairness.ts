// How evenly senders were served, read from the sandbox's own arrivals. Jain's index: (Σx)² / (n · Σx²), 1 when all are equal.

const PAGE_ROWS = 1_000;

export interface Fairness {
  /** Over senders: messages divided by the time from the first arrival of all to the sender's last. */
  finish: number;
  /** Over senders: messages that had arrived when half of all had. */
  halfway: number;
}

export interface ArrivalRow {
  seq: number;
  at_us: number;
  at: string;
  number: string;
}

export async function fairnessOf(url: string, perSender: number): Promise<Fairness> {
  const rows: ArrivalRow[] = [];
  for await (const page of arrivalsOf(url)) rows.push(...page);
  const startUs = rows[0]?.at_us ?? 0;
  const last = new Map(rows.map(({ number, at_us }) => [number, at_us]));
  const half = new Map<string, number>([...last.keys()].map((number) => [number, 0]));
  for (const { number } of rows.slice(0, rows.length / 2)) half.set(number, (half.get(number) ?? 0) + 1);
  return {
    finish: jain([...last.values()].map((endUs) => perSender / Math.max(1, endUs - startUs))),
    halfway: jain([...half.values()]),
  };
}

export async function* arrivalsOf(url: string, since = 0): AsyncGenerator<ArrivalRow[]> {
  for (let from = since; ; ) {
    const answer = await fetch(`${url}/ledger/arrivals?since=${from}&limit=${PAGE_ROWS}`);
    const { arrivals } = (await answer.json()) as { arrivals: ArrivalRow[] };
    if (arrivals.length === 0) return;
    yield arrivals;
    from = arrivals.at(-1)?.seq ?? from;
  }
}

function jain(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  const squares = values.reduce((all, value) => all + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
