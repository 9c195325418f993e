// What a whole test run leaves behind to be searched for canaries when it has ended: the output of every process of ours, snapshots of metrics,
// answers that are errors, and the names of the name spaces it used. Outside of `npm test` nothing is kept.
import { appendFileSync, createWriteStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

const variable = 'SLUICE_TEST_RECORD';

/** `service`, `sandbox` and `command`: output of a process; `namespaces`: one a line. */
export type Kind = 'service' | 'sandbox' | 'command' | 'metrics' | 'errors' | 'namespaces';

/** From here on, this process and all that it starts keep their record here. */
export function openRecord(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-test-run-'));
  process.env[variable] = folder;
  return folder;
}

export function keep(kind: Kind, text: string): void {
  const folder = process.env[variable];
  if (folder) appendFileSync(path.join(folder, `${kind}-${process.pid}.txt`), `${text}\n`);
}

/** All that a process of ours writes; `file` is the program that it runs. */
export function keepOutput(file: string, pid: number, streams: readonly Readable[]): void {
  const folder = process.env[variable];
  if (!folder) return;
  const kind: Kind = file.startsWith('src/cli/')
    ? 'command'
    : file.startsWith('sandbox/')
      ? 'sandbox'
      : 'service';
  for (const [n, stream] of streams.entries())
    stream.pipe(createWriteStream(path.join(folder, `${kind}-${process.pid}-${pid}-${n}.txt`)));
}

/** Keeps what the metrics of a service are, if it still answers. */
export async function keepMetrics(url: string): Promise<void> {
  if (!process.env[variable]) return;
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
  const text = await answer?.text().catch(() => '');
  if (text) keep('metrics', text);
}
