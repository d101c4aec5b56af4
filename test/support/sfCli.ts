/** The real `sf` CLI, installed on demand into a folder of the machine's own temporary folder, and run as a process. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The version that the suite was written against; a newer one may ask for more. */
const version = '2.150.6';
const folder = join(tmpdir(), 'sf-plugin-kam-cli');
const packageFile = join(folder, 'node_modules', '@salesforce', 'cli', 'package.json');

const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

/** Installs the CLI if it is not there yet: about 500 MB and one to two minutes, once per machine. */
export function installCli(): void {
  if (existsSync(packageFile) && installedVersion() === version) return;
  process.stderr.write(`\nInstalling @salesforce/cli ${version} into ${folder} …\n`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  execFileSync('npm', ['install', `@salesforce/cli@${version}`, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
  });
}

const installedVersion = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, 'utf8'))).version;

export type CliResult = { code: number; stdout: string; stderr: string };

export type Cli = {
  (args: readonly string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }): Promise<CliResult>;
  /** What the CLI runs in. */
  environment: NodeJS.ProcessEnv;
};

/** The file that Node runs. */
export const cliEntry = join(folder, 'node_modules', '@salesforce', 'cli', 'bin', 'run.js');

/** The CLI with a home of its own: it knows no other org, tells nobody, and updates nothing. */
export function cliIn(home: string): Cli {
  const environment = {
    PATH: path,
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
    SF_DISABLE_TELEMETRY: 'true',
    SF_AUTOUPDATE_DISABLE: 'true',
    SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
    SF_DISABLE_LOG_FILE: 'true',
    SF_SKIP_NEW_VERSION_CHECK: 'true',
  };
  const run = (
    args: readonly string[],
    { cwd = home, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<CliResult> =>
    new Promise((resolve) => {
      const options = { cwd, env: { ...environment, ...env }, maxBuffer: 64 * 1024 * 1024 };
      execFile(process.execPath, [cliEntry, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  return Object.assign(run, { environment });
}
