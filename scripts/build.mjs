// Builds lib/ from src/ and writes oclif.manifest.json, with which `--help` loads no command.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { mkdirSync } from 'node:fs';
import { Plugin } from '@oclif/core';

const root = new URL('..', import.meta.url).pathname;
const at = (...path) => join(root, ...path);

rmSync(at('lib'), { recursive: true, force: true });
rmSync(at('oclif.manifest.json'), { force: true });
execFileSync(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.build.json')], {
  cwd: root,
  stdio: 'inherit',
});
for (const file of readdirSync(at('src'), { recursive: true }).filter((name) => name.endsWith('.sql'))) {
  const target = at('lib', relative(at('src'), at('src', file)));
  mkdirSync(dirname(target), { recursive: true });
  cpSync(at('src', file), target);
}

const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
});
await plugin.load();
writeFileSync(at('oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`);
