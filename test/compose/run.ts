// The containers as a user gets them: `node src/setup/run.mjs test/compose/run.ts`. Builds the image, brings up
// docker-compose.yml under a name and ports of its own, lets three dispatch containers do one job of 1,000 together and asks
// the sandbox what arrived. Needs a Docker engine, so `.ci/run` calls it and `npm test` does not.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dockerEngine } from '../../src/setup/docker.ts';
import { capture, freePort, leash } from '../../src/setup/program.ts';
import { until } from '../support/until.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = `sluice-test-${randomBytes(4).toString('hex')}`;
const ports = { SLUICE_PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) };
const environment = { ...process.env, ...ports };
const api = `http://127.0.0.1:${ports.SLUICE_PORT}`;
const sandbox = `http://127.0.0.1:${ports.SANDBOX_PORT}`;
const recipients = 1_000;
const ours = ['api', 'intake', 'dispatch', 'receipts', 'notify', 'upkeep', 'sandbox'];

interface Accounts {
  workspaces: { api_keys: { secret: string }[] }[];
}
interface Job {
  id: string;
  status: string;
  counts: Record<string, number>;
}
interface Ledger {
  totals: { taken: number };
  recipients: number;
  repeats: number;
  violations: { total: number };
}
interface Container {
  Name: string;
  Service: string;
  State: string;
  Health: string;
}

async function main(): Promise<number> {
  if (!(await dockerEngine())) {
    process.stderr.write(
      'There is no Docker engine to run docker-compose.yml on; start one and try again.\n',
    );
    return 1;
  }
  const watch = leash('docker compose -p "$1" down -v --timeout 1 >/dev/null 2>&1', project);
  let passed = 0;
  const failed: string[] = [];
  for (const [name, step] of steps) {
    try {
      await step();
      passed += 1;
      process.stdout.write(`ok: ${name}\n`);
    } catch (error) {
      failed.push(name);
      process.stdout.write(`FAILED: ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      break; // each step stands on the one before
    }
  }
  const unreached = failed.length === 0 ? 0 : steps.length - passed - failed.length;
  if (failed.length > 0) process.stdout.write(`${(await compose('logs', '--tail', '15')).stdout}\n`);
  await compose('down', '-v', '--timeout', '5');
  watch.release();
  process.stdout.write(`${passed} passed, ${failed.length + unreached} failed\n`);
  return failed.length === 0 ? 0 : 1;
}

let job: Job | undefined;

const steps: [string, () => Promise<void>][] = [
  ['docker compose up --build', () => succeeded('up', '-d', '--build')],
  [
    'the API is ready with its dependencies',
    async () => {
      const look = async () => (await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(3_000) })).ok;
      await until(look, { what: 'a green /readyz', timeoutMs: 120_000 });
    },
  ],
  [
    'three dispatch containers, and every other one, are healthy',
    async () => {
      await succeeded('up', '-d', '--no-recreate', '--scale', 'dispatch=3');
      await until(allHealthy, { what: 'every container healthy, three of dispatch', timeoutMs: 120_000 });
    },
  ],
  ['no process of ours runs as root', noRoot],
  [`a job of ${recipients} is taken`, post],
  ['three do the job together: the one at work is stopped halfway, another goes on', handedOn],
  [
    'the job completes with every recipient accepted',
    async () => {
      await until(completed, { what: 'a completed job', timeoutMs: 90_000 });
      if (job?.counts.accepted !== recipients) throw new Error(JSON.stringify(job));
    },
  ],
  ['every recipient got exactly one message, and no limit was broken', judged],
  [
    'nothing died on the way',
    async () => {
      await until(allHealthy, { what: 'every container healthy again', timeoutMs: 60_000 });
    },
  ],
];

function compose(...args: string[]) {
  const files = ['-p', project, '-f', path.join(root, 'docker-compose.yml')];
  return capture('docker', ['compose', ...files, ...args], 600_000, environment);
}

async function succeeded(...args: string[]): Promise<void> {
  const done = await compose(...args);
  if (!done.ok) throw new Error(`docker compose ${args.join(' ')}: ${done.stderr.trim().slice(-1_500)}`);
}

async function containers(): Promise<Container[]> {
  const { stdout } = await compose('ps', '-a', '--format', 'json');
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): Container => JSON.parse(line));
}

async function allHealthy(): Promise<boolean> {
  const now = await containers();
  const count = (service: string) => now.filter((container) => container.Service === service).length;
  const expected = ['redis', 'kafka', ...ours].every(
    (service) => count(service) === (service === 'dispatch' ? 3 : 1),
  );
  return (
    expected && now.every((container) => container.State === 'running' && container.Health === 'healthy')
  );
}

async function noRoot(): Promise<void> {
  for (const service of ours) {
    const { stdout } = await compose('exec', '-T', service, 'id', '-u');
    if (!/^[1-9]\d*$/.test(stdout.trim()))
      throw new Error(`${service} runs as user ${stdout.trim() || 'unknown'}`);
  }
}

function headers(): Record<string, string> {
  const file: Accounts = JSON.parse(readFileSync(path.join(root, 'accounts.example.json'), 'utf8'));
  const secret = file.workspaces[0]?.api_keys[0]?.secret ?? '';
  return { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
}

async function post(): Promise<void> {
  const messages = Array.from({ length: recipients }, (_, row) => ({
    to: `+1650555${String(row).padStart(4, '0')}`,
    variables: [`Ana ${row}`, `A-${row}`],
    reference: `row-${row}`,
  }));
  const answer = await fetch(`${api}/v1/messages/bulk`, {
    method: 'POST',
    headers: { ...headers(), 'idempotency-key': project },
    body: JSON.stringify({ sender: 's1', template: { name: 'order_ready', language: 'en_US' }, messages }),
    signal: AbortSignal.timeout(30_000),
  });
  const body: unknown = await answer.json();
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(body)}`);
  job = jobOf(body);
}

/** Calls that each dispatch container has ended, by its own count. */
async function callsPerContainer(): Promise<Map<string, number>> {
  const calls = new Map<string, number>();
  for (const { Name, Service, State } of await containers()) {
    if (Service !== 'dispatch' || State !== 'running') continue;
    const ask = "fetch('http://127.0.0.1:8081/metrics').then((r) => r.text()).then(console.log)";
    const { stdout } = await capture('docker', ['exec', Name, 'node', '-e', ask], 20_000);
    const counts = [...stdout.matchAll(/^sluice_calls_total\{[^}]*\} (\d+)/gm)];
    calls.set(
      Name,
      counts.reduce((sum, [, count]) => sum + Number(count), 0),
    );
  }
  return calls;
}

/** One sender is one lane, and one container at a time holds it; whoever is stopped gives it back with nothing lost. */
async function handedOn(): Promise<void> {
  const halfway = async () => !(await completed()) && (job?.counts.accepted ?? 0) >= recipients / 4;
  await until(halfway, { what: 'a quarter of the job', timeoutMs: 60_000 });
  const [holder] = [...(await callsPerContainer())].sort(([, a], [, b]) => b - a)[0] ?? [];
  if (!holder) throw new Error('no dispatch container has made a call');
  const stopped = await capture('docker', ['stop', '--time', '20', holder], 60_000);
  if (!stopped.ok) throw new Error(stopped.stderr);
  const another = async () => [...(await callsPerContainer()).values()].some((calls) => calls > 0);
  await until(another, { what: 'calls of another dispatch container', timeoutMs: 30_000 });
  await capture('docker', ['start', holder], 60_000);
}

async function completed(): Promise<boolean> {
  const answer = await fetch(`${api}/v1/jobs/${job?.id}`, {
    headers: headers(),
    signal: AbortSignal.timeout(10_000),
  });
  job = jobOf(await answer.json());
  return job.status === 'completed';
}

/** A GET answers with the job itself, a POST with `{job, rejected, duplicates}`. */
function jobOf(body: unknown): Job {
  const { job: inner } = body as { job?: Job };
  return inner ?? (body as Job);
}

async function judged(): Promise<void> {
  const answer = await fetch(`${sandbox}/ledger`, { signal: AbortSignal.timeout(10_000) });
  const ledger = (await answer.json()) as Ledger;
  const seen = [ledger.totals.taken, ledger.recipients, ledger.repeats, ledger.violations.total];
  if (seen.join() !== [recipients, recipients, 0, 0].join()) {
    throw new Error(`taken, recipients, repeats, violations = ${seen.join(', ')}`);
  }
}

process.exitCode = await main();
