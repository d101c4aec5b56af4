// Prints what the main job costs, measured side by side in one run: start-up against a bare Node, and load, sync and
// second sync of a sales history in the neutral layout (default ../shared/data/adventureworks), with peak memory.
//
//   node_modules/.bin/node scripts/bench/core.mjs [DIR …]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const run = join(root, 'bin', 'run.js');
const home = mkdtempSync(join(tmpdir(), 'kam-bench-'));
const env = {
  ...process.env,
  HOME: home,
  XDG_STATE_HOME: join(home, 'state'),
  SF_DISABLE_TELEMETRY: 'true',
  SF_AUTOUPDATE_DISABLE: 'true',
  SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  SF_DISABLE_LOG_FILE: 'true',
};

try {
  startUp();
  const sets = process.argv.slice(2);
  for (const dir of sets.length > 0 ? sets : [join(root, '..', 'shared', 'data', 'adventureworks')]) {
    if (existsSync(dir)) await mainJob(dir);
    else console.log(`\n${dir} is not there: skipped.`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

function startUp() {
  const rounds = 11;
  const bare = [];
  const help = [];
  for (let i = 0; i < rounds; i += 1) {
    bare.push(time(['-e', '0']));
    help.push(time([run, '--help']));
  }
  const bar = 2.5 * median(bare) + 200;
  console.log(`start-up, median of ${rounds}, alternating`);
  console.log(`  node -e 0            ${median(bare).toFixed(0)} ms`);
  console.log(
    `  bin/run.js --help    ${median(help).toFixed(0)} ms   (bar: under ${bar.toFixed(0)} ms = 2.5 × node + 200 ms)`,
  );
}

async function mainJob(dir) {
  const org = await startOrg();
  try {
    const asOrg = { ...env, SF_ORG_INSTANCE_URL: org.instanceUrl };
    const load = measure(['kam', 'local', 'load', dir, '--target-org', org.accessToken, '--json'], asOrg);
    const first = measure(['kam', 'sync', '--target-org', org.accessToken, '--json'], asOrg);
    const second = measure(['kam', 'sync', '--target-org', org.accessToken, '--json'], asOrg);
    console.log(`\n${basename(dir)}`);
    console.log(line('local load', load));
    console.log(line('first sync', first));
    console.log(line('second sync', second));
    console.log(`  second / first sync: ${(second.seconds / first.seconds).toFixed(2)} of the time`);
  } finally {
    org.process.kill('SIGTERM');
    await new Promise((done) => org.process.once('exit', done));
  }
}

function line(name, { seconds, megabytes, json }) {
  return `  ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  peak ${megabytes.toFixed(0).padStart(4)} MB  ${summary(json.result)}`;
}

function summary(result) {
  if (result?.plan === undefined) return '';
  return `${result.apiCalls} API calls, ${result.rowsRead} rows read, ${result.written} rows written, ${result.accounts} accounts`;
}

function measure(args, environment) {
  const mark = join(home, `rss-${Math.random().toString(36).slice(2)}`);
  const atExit = `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(mark)},String(process.resourceUsage().maxRSS)));`;
  const started = performance.now();
  const child = spawnSync(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(atExit)}`, run, ...args],
    {
      cwd: root,
      env: environment,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  const seconds = (performance.now() - started) / 1000;
  if (child.status !== 0)
    throw new Error(`${args.join(' ')} exited with ${child.status}: ${child.stderr || child.stdout}`);
  return { seconds, megabytes: Number(readFileSync(mark, 'utf8')) / 1024, json: JSON.parse(child.stdout) };
}

function startOrg() {
  return new Promise((done, fail) => {
    const child = spawn(
      process.execPath,
      [run, 'kam', 'local', 'start', '--memory', '--no-login', '--port', '0', '--json'],
      { cwd: root, env },
    );
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) done({ process: child, ...JSON.parse(text.slice(0, text.indexOf('\n'))) });
    });
    child.stderr.pipe(process.stderr);
    child.once('exit', (code) => fail(new Error(`the local org ended with ${code}`)));
  });
}

function time(args) {
  const started = performance.now();
  execFileSync(process.execPath, args, { cwd: root, env, stdio: 'ignore' });
  return performance.now() - started;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
