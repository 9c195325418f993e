// `npm run contract [-- --full]`: schemathesis makes requests from the served OpenAPI document, one by one and in chains, as a customer and as
// an operator, and judges the answers: no 5xx, no status, type, header or shape that is not described. Not part of `npm test`: it needs Python 3
// and the network, and takes minutes. It installs into a folder of its own, which it removes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDownstream } from '../../bench/downstream.ts';
import { killPrograms } from '../../bench/processes.ts';
import { authorization, startSluice } from '../../bench/sluice.ts';
import { provideRedis } from '../../src/setup/redis.ts';

const VERSION = '4.32.5';
const ADMIN_KEY = 'contract-admin-key-0123456789abcdef';
const INSTALL_MS = 300_000;
const RUN_MS = 1_800_000;
/** Cases wanted of the whole run. */
const WANTED = 5_000;

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];
/** It cannot write this type by itself. */
const HOOKS = `import schemathesis

@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b"{}\\n"
`;

interface Pass {
  name: string;
  authorization: string;
  which: string[];
}

/** A stream of events has no end to wait for; a key that revokes itself ends the run. */
const PASSES: readonly Pass[] = [
  {
    name: 'customer',
    authorization: authorization.authorization,
    which: [
      '--exclude-path-regex=^/v1/admin',
      ...['followJob', 'revokeKey', 'rotateKey'].map((id) => `--exclude-operation-id=${id}`),
    ],
  },
  { name: 'operator', authorization: `Bearer ${ADMIN_KEY}`, which: ['--include-path-regex=^/v1/admin'] },
];

process.on('exit', killPrograms);
process.exitCode = await main(process.argv.includes('--full'));
process.exit();

async function main(full: boolean): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-contract-'));
  try {
    const program = install(folder);
    if (program === undefined) return 1;
    writeFileSync(path.join(folder, 'hooks.py'), HOOKS);
    return await judge(folder, program, full ? 100 : 25);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program; undefined when it cannot be had, which was said. */
function install(folder: string): string | undefined {
  const steps: [program: string, args: string[], missing: string][] = [
    ['python3', ['--version'], 'Python 3.10 or newer is needed: install python3.'],
    [
      'python3',
      ['-m', 'venv', path.join(folder, 'venv')],
      'Python cannot make an environment: install python3-venv.',
    ],
    [
      path.join(folder, 'venv/bin/pip'),
      ['install', '--quiet', `schemathesis==${VERSION}`],
      `schemathesis ${VERSION} cannot be installed from the Python package index.`,
    ],
  ];
  for (const [program, args, missing] of steps) {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_MS });
    if (status === 0) continue;
    process.stderr.write(`${missing}\n${stderr ?? ''}`);
    return undefined;
  }
  return path.join(folder, 'venv/bin/schemathesis');
}

async function judge(folder: string, program: string, maxExamples: number): Promise<number> {
  process.env.SLUICE_ADMIN_KEY = ADMIN_KEY;
  const redis = await provideRedis({ docker: 'testcontainers' });
  const downstream = await startDownstream();
  const sluice = await startSluice({
    redisUrl: redis.url,
    brokers: undefined,
    senders: 2,
    platformUrl: downstream.url,
    workers: ['intake', 'upkeep'],
  });
  try {
    await sluice.startDispatch();
    const results = PASSES.map((pass) => runPass(folder, program, sluice.apiUrl, maxExamples, pass));
    const cases = results.reduce((sum, { generated }) => sum + generated, 0);
    const good = results.every(({ fine }) => fine) && cases >= WANTED;
    process.stdout.write(`${cases} cases, ${good ? 'all as described' : 'NOT as described'}\n`);
    return good ? 0 : 1;
  } finally {
    await sluice.stop();
    await downstream.stop();
    await redis.stop();
  }
}

function runPass(folder: string, program: string, apiUrl: string, maxExamples: number, pass: Pass) {
  const args = [
    'run',
    `${apiUrl}/openapi.json`,
    `--header=authorization: ${pass.authorization}`,
    `--checks=${CHECKS.join(',')}`,
    '--phases=examples,coverage,fuzzing,stateful',
    `--max-examples=${maxExamples}`,
    '--request-timeout=10',
    '--continue-on-failure',
    '--seed=1',
    '--no-color',
    ...pass.which,
  ];
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: folder };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: RUN_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  const generated = Number(/(\d+) generated/.exec(stdout ?? '')?.[1] ?? 0);
  process.stdout.write(`${pass.name}: ${generated} cases, ${status === 0 ? 'fine' : 'faults'}\n`);
  if (status !== 0) process.stdout.write(`${stdout ?? ''}${stderr ?? ''}\n`);
  return { fine: status === 0 && generated > 0, generated };
}
