// Sets up what a fresh clone lacks: dependencies as locked, then the build. Needs nothing but a Node with npm.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const at = (...path) => join(root, ...path);

installIfNeeded();
buildIfNeeded();

function installIfNeeded() {
  const wanted = fingerprint(
    ['package-lock.json', 'package.json', 'scripts/node-runtime/package.json'].map((f) => at(f)),
  );
  const stamp = at('node_modules', '.kam-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Setting up: installing the locked dependencies (npm ci), about half a minute …');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' });
  writeFileSync(stamp, wanted);
}

function buildIfNeeded() {
  const newest = newestChange([
    at('src'),
    at('messages'),
    at('package.json'),
    at('tsconfig.json'),
    at('scripts/build.mjs'),
  ]);
  const manifest = at('oclif.manifest.json');
  if (existsSync(manifest) && statSync(manifest).mtimeMs >= newest) return;
  console.error('Setting up: building lib/ …');
  // The pinned Node where npm put one on this platform, else the one that runs this script.
  const pinned = at('node_modules', '.bin', 'node');
  execFileSync(existsSync(pinned) ? pinned : process.execPath, [at('scripts', 'build.mjs')], {
    cwd: root,
    stdio: 'inherit',
  });
}

function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function newestChange(paths) {
  return Math.max(
    ...paths.map((path) =>
      statSync(path).isDirectory()
        ? newestChange([...readdirSync(path).map((name) => join(path, name))].concat(at('package.json')))
        : statSync(path).mtimeMs,
    ),
  );
}
