// Runs one of the project's programs on a bare machine: `node src/setup/run.mjs <target.ts> [args…]`.
// It makes sure of Node 24 and of the packages (once; later runs only compare a stamp), then becomes a thin
// parent of the program: same terminal, same signals, same exit status.
// Plain JavaScript without imports of ours, because it has to run on Node 18 and 20, before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const cache = path.join(root, '.sluice');
const wanted = 24;
const lockPatienceMs = 10 * 60_000;

class Refusal extends Error {}

function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

async function main() {
  const [target, ...args] = process.argv.slice(2);
  if (!target) throw new Refusal('Name a program to run: node src/setup/run.mjs <target.ts> [args].');
  const node = await provideNode();
  await providePackages();
  runProgram(node, path.resolve(root, target), args);
}

/** The path of a Node ≥ 24: this one, or one from the npm registry kept in `.sluice/node`. */
async function provideNode() {
  if (Number(process.versions.node.split('.')[0]) >= wanted) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const binary = `node_modules/${name}/bin/${process.platform === 'win32' ? 'node.exe' : 'node'}`;
  const home = path.join(cache, 'node');
  const node = path.join(home, binary);
  if (fs.existsSync(node)) return node;

  await underLock('node', () => {
    if (fs.existsSync(node)) return;
    say(`this is Node ${process.versions.node}; fetching Node ${wanted} (once, about 10 s) …`);
    const fresh = fs.mkdtempSync(path.join(cache, 'node-'));
    try {
      npm(
        [
          'install',
          '--ignore-scripts',
          '--no-save',
          '--no-package-lock',
          '--prefix',
          fresh,
          `${name}@${wanted}`,
        ],
        fresh,
        `Node ${wanted} could not be fetched from the npm registry; install Node ${wanted} by hand and try again.`,
      );
      const version = spawnSync(path.join(fresh, binary), ['--version'], { encoding: 'utf8' });
      if (!version.stdout?.startsWith(`v${wanted}.`)) {
        throw new Refusal(
          `The Node ${wanted} from npm does not run here; install Node ${wanted} by hand and try again.`,
        );
      }
      fs.rmSync(home, { recursive: true, force: true });
      fs.renameSync(fresh, home); // whole or not at all: a killed first run leaves nothing that looks finished
    } finally {
      fs.rmSync(fresh, { recursive: true, force: true });
    }
  });
  return node;
}

/** `npm ci`, only when the lockfile or the platform is another one than at the last install. */
async function providePackages() {
  const lockfile = fs.readFileSync(path.join(root, 'package-lock.json'));
  const want = `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}`;
  const stamp = path.join(root, 'node_modules', '.sluice-stamp');
  const installed = () => fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8').trim() === want;
  if (installed()) return;

  await underLock('packages', () => {
    if (installed()) return;
    say('installing packages (npm ci, once, about 20 s) …');
    npm(
      ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'],
      root,
      'The packages could not be installed; check that the npm registry can be reached, then run `npm ci --ignore-scripts`.',
    );
    fs.writeFileSync(`${stamp}.new`, `${want}\n`);
    fs.renameSync(`${stamp}.new`, stamp);
  });
}

/** npm with the Node that runs us: the npm that started us, else the one on PATH. */
function npm(args, cwd, advice) {
  const own = process.env.npm_execpath ?? '';
  const [command, first] = /npm-cli\.js$/.test(own) ? [process.execPath, [own]] : ['npm', []];
  // `npm run` hands its own settings down by environment; a prefix among them would send the install elsewhere.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_config_.*prefix$/i.test(name)),
  );
  const done = spawnSync(
    command,
    [...first, ...args, '--loglevel=error', '--fetch-retries=2', '--fetch-retry-mintimeout=1000'],
    {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && command === 'npm',
    },
  );
  if (done.error || done.status !== 0) {
    const detail = (done.stderr || done.error?.message || '').trim();
    if (detail) process.stderr.write(`${detail.split('\n').slice(-8).join('\n')}\n`);
    throw new Refusal(advice);
  }
}

/**
 * Runs `work` while no other run of this checkout does. The lock is a file that appears with its owner's pid
 * already inside (link is atomic), so that the lock of a killed run can be told from a living one.
 */
async function underLock(name, work) {
  fs.mkdirSync(cache, { recursive: true });
  const lock = path.join(cache, `${name}.lock`);
  const mine = `${lock}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  const giveUpAt = Date.now() + lockPatienceMs;
  let told = false;
  try {
    for (;;) {
      if (linked(mine, lock)) break;
      if (!ownerLives(lock)) fs.rmSync(lock, { force: true });
      else if (Date.now() > giveUpAt)
        throw new Refusal(`Another run is still installing; if none is, delete ${lock} and try again.`);
      else {
        if (!told) say('another run is installing; waiting for it …');
        told = true;
        await new Promise((wake) => setTimeout(wake, 200));
      }
    }
    try {
      work();
    } finally {
      fs.rmSync(lock, { force: true });
    }
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function linked(from, to) {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function ownerLives(lock) {
  try {
    process.kill(Number(fs.readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * The program gets a session of its own. A Ctrl-C goes to the whole foreground group and npm passes it on once
 * more; this way the program sees each signal exactly once, from us. The pipe on fd 3 is its leash: when we are
 * gone, even by `kill -9`, it closes, and `leash.mjs` ends the program.
 */
function runProgram(node, target, args) {
  const env = {
    ...process.env,
    SLUICE_LEASH: '1',
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
  };
  const leash = new URL('./leash.mjs', import.meta.url).href;
  const child = spawn(node, ['--import', leash, target, ...args], {
    env,
    detached: process.platform !== 'win32',
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  child.stdio[3].on('error', () => {});

  const passedAt = {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (Date.now() - (passedAt[signal] ?? 0) < 300) return; // the same Ctrl-C, through npm
      passedAt[signal] = Date.now();
      child.kill(signal);
    });
  }
  endWithNpm(child);
  child.on('error', (error) => refuse(new Refusal(`The program could not be started: ${error.message}`)));
  child.on('exit', (status, signal) =>
    process.exit(signal ? 128 + (os.constants.signals[signal] ?? 0) : (status ?? 1)),
  );
}

/**
 * `npm run` starts us through a shell and passes a SIGTERM on to that shell only, which dies and leaves us behind.
 * So a parent that is gone counts as a SIGTERM, under npm.
 */
function endWithNpm(child) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
}

function refuse(error) {
  process.stderr.write(
    `${error instanceof Refusal ? error.message : `Setup failed: ${error?.message ?? error}`}\n`,
  );
  process.exit(1);
}

main().catch(refuse);
