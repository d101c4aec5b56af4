// Prints what the local org costs with a large book: `local load` of a sales history (default
// ../shared/data/iowa_liquor, 1.04 million lines), and a Bulk API 2.0 query of all its lines, each against a server
// process of its own, with the peak memory of both sides. Exits with 1 where a bar is missed.
//
//   node_modules/.bin/node scripts/bench/localorg.mjs [DIR]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const run = join(root, 'bin', 'run.js');
const dir = process.argv[2] ?? join(root, '..', 'shared', 'data', 'iowa_liquor');
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

const bars = { loadSeconds: 180, loadMegabytes: 600, queryMegabytes: 400 };

if (!existsSync(dir)) {
  console.log(`${dir} is not there: nothing to measure.`);
} else {
  try {
    console.log(basename(dir));
    await load();
    await query();
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function load() {
  const org = await startOrg();
  const child = started(['kam', 'local', 'load', dir, '--target-org', org.accessToken, '--json'], {
    SF_ORG_INSTANCE_URL: org.instanceUrl,
  });
  // An org that dies says why; the command would only tell of a broken connection.
  const { seconds, megabytes, cpu, stdout } = await Promise.race([child.ended, org.ended]);
  const server = await stop(org);
  const { lines } = JSON.parse(stdout).result;
  console.log(
    `  local load        ${seconds.toFixed(1).padStart(6)} s   ${lines} lines, ${(lines / seconds).toFixed(0)}/s   CPU: command ${cpu.toFixed(0)} s, server ${server.cpu.toFixed(0)} s   peak: command ${megabytes.toFixed(0)} MB, server ${server.megabytes.toFixed(0)} MB   (bars: ${bars.loadSeconds} s, ${bars.loadMegabytes} MB)`,
  );
  // Alone on the machine it takes no longer than the CPU time of both.
  hold(
    Math.min(seconds, cpu + server.cpu) <= bars.loadSeconds &&
      Math.max(megabytes, server.megabytes) <= bars.loadMegabytes,
  );
}

function hold(isWithin) {
  if (!isWithin) process.exitCode = 1;
}

/** Every line in pages of 50,000, as a client that reads while it is sent. */
async function query() {
  const org = await startOrg();
  const base = `${org.instanceUrl}/services/data/v67.0`;
  const headers = { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' };
  const call = async (path, options = {}) => {
    const answer = await fetch(`${base}/${path}`, { headers, ...options });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const begun = performance.now();
  const soql =
    'SELECT Id, OpportunityId, Product2.Family, Product2.Name, Quantity, TotalPrice FROM OpportunityLineItem';
  const body = JSON.stringify({ operation: 'query', query: soql });
  let job = await (await call('jobs/query', { method: 'POST', body })).json();
  while (job.state !== 'JobComplete') {
    job = await (await call(`jobs/query/${job.id}`)).json();
    if (job.state === 'Failed') throw new Error(job.errorMessage);
  }
  const ready = performance.now();
  let [rows, bytes, locator] = [0, 0, ''];
  while (locator !== 'null') {
    const page = await call(`jobs/query/${job.id}/results${locator === '' ? '' : `?locator=${locator}`}`);
    for await (const chunk of page.body) bytes += chunk.length;
    rows += Number(page.headers.get('sforce-numberofrecords'));
    locator = page.headers.get('sforce-locator');
  }
  const seconds = (performance.now() - begun) / 1000;
  const server = await stop(org);
  console.log(
    `  bulk query        ${seconds.toFixed(1).padStart(6)} s   ${rows} rows, ${(rows / seconds).toFixed(0)}/s, ${(bytes / 1e6).toFixed(0)} MB; ready after ${((ready - begun) / 1000).toFixed(1)} s   CPU: server ${server.cpu.toFixed(0)} s   peak: server ${server.megabytes.toFixed(0)} MB   (bar: ${bars.queryMegabytes} MB)`,
  );
  hold(server.megabytes <= bars.queryMegabytes);
}

/** A local org in a folder that outlives it, so that the next one starts with the same records. */
function startOrg() {
  return new Promise((done, fail) => {
    const org = started(
      ['kam', 'local', 'start', '--state', join(home, 'org'), '--no-login', '--port', '0', '--json'],
      {},
      (text) => done({ ...org, ...JSON.parse(text) }),
    );
    org.ended.catch(fail);
  });
}

async function stop(org) {
  org.child.kill('SIGTERM');
  return org.ended;
}

/** Peak memory and seconds of CPU time, which tell more than the clock where the machine has other work. */
function used(text) {
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(text);
  return { megabytes: maxRSS / 1024, cpu: (userCPUTime + systemCPUTime) / 1e6 };
}

/** A command under way; when it ends, how long it took and its peak memory. */
function started(args, more, onLine = () => undefined) {
  const mark = join(home, `rss-${process.hrtime.bigint()}`);
  const atExit = `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(mark)},JSON.stringify(process.resourceUsage())));`;
  const begun = performance.now();
  const child = spawn(process.execPath, [`--import=data:text/javascript,${encodeURIComponent(atExit)}`, run, ...args], {
    cwd: root,
    env: { ...env, ...more },
  });
  let stdout = '';
  let isTold = false;
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    if (isTold || !stdout.includes('\n')) return;
    isTold = true;
    onLine(stdout.slice(0, stdout.indexOf('\n')));
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise((done, fail) => {
    child.once('exit', (code, signal) => {
      if (code !== 0) return fail(new Error(`${args.join(' ')} ended with ${signal ?? code}: ${stderr || stdout}`));
      done({
        seconds: (performance.now() - begun) / 1000,
        ...used(readFileSync(mark, 'utf8')),
        stdout,
      });
    });
  });
  return { child, ended };
}
