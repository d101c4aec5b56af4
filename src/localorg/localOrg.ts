/** Starts a local org from what a command was asked for: where it lives, what it is made of, when it is. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Feature } from '../schema/features.js';
import { z } from 'zod';
import { keyOf, type Component } from '../schema/components.js';
import { sourceFiles } from '../schema/source.js';
import { xmlText } from '../schema/xml.js';
import { openEngine, type Engine } from './engine.js';
import { keepApp } from './externalApp.js';
import { faultsOf } from './metadata/deploy.js';
import { startServer, type LocalOrg } from './server.js';
import { newAccessToken } from './sessions.js';

export type LocalOrgOptions = {
  port: number;
  /** A folder that keeps the org between starts, or memory. */
  keep: { in: 'memory' } | { in: 'folder'; path: string };
  /** What a new org's clock shows. */
  clock: Date;
  /**
   * Source directories that are deployed into a new org, and into a kept one where they changed since. None at all make
   * an org of standard objects only; left out, it is the plugin's own package, unless the kept org began without.
   */
  sources?: readonly string[];
  /** What a new org has beyond the least; a kept org keeps its own. */
  features?: readonly Feature[];
  /** Called at the start with source files of kinds that no local org takes, if there are any. */
  onLeftAside?: (files: readonly string[]) => void;
  onStop?: () => void;
  onError?: (text: string) => void;
};

/** The plugin's own package: upgrade-safe part, seed records, and the cost of lines, as histories know what things cost. */
export const defaultSources: readonly string[] = ['main', 'seed', 'options/line-cost'].map((part) =>
  fileURLToPath(new URL(`../../force-app/${part}`, import.meta.url)),
);

/** The folder of the default local org, private to the user. */
export function defaultFolder(env: NodeJS.ProcessEnv): string {
  const home = env['XDG_STATE_HOME'];
  return join(
    home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local', 'state'),
    'sf-plugin-kam',
    'local-org',
  );
}

/**
 * Starts the org and its server on 127.0.0.1.
 *
 * A kept org keeps its id and its token from start to start; an org in memory gets a new id each time.
 * Errors: those of reading the sources, of opening the store, and a port that is taken.
 */
export async function startLocalOrg(options: LocalOrgOptions): Promise<LocalOrg> {
  const file = options.keep.in === 'memory' ? ':memory:' : storeIn(options.keep.path);
  const engine = openEngine({ file, clock: options.clock, features: options.features ?? [] });
  try {
    const leftAside = deploySources(engine, sourcesOf(engine, options.sources));
    if (leftAside.length > 0) options.onLeftAside?.(leftAside);
    return await startServer({
      engine,
      port: options.port,
      apps: keepApp(options.keep.in === 'memory' ? null : join(options.keep.path, 'app.json')),
      accessToken:
        options.keep.in === 'memory' ? newAccessToken(engine.orgId) : tokenIn(options.keep.path, engine.orgId),
      ...(options.onStop === undefined ? {} : { onStop: options.onStop }),
      ...(options.onError === undefined ? {} : { onError: options.onError }),
    });
  } catch (error) {
    engine.close();
    throw error;
  }
}

const BARE = 'bare';

function sourcesOf(engine: Engine, asked: readonly string[] | undefined): readonly string[] {
  const wasBare = engine.recall(BARE) !== undefined;
  if (asked === undefined) return wasBare ? [] : defaultSources;
  if (asked.length > 0) return asked;
  const standing = engine.components().length;
  if (!wasBare && standing > 0) throw new NotBareError(standing);
  engine.remember(BARE, 'true');
  return [];
}

/** A kept org that shall be one of standard objects only and has more. */
export class NotBareError extends Error {
  public constructor(public readonly components: number) {
    super(`The org already has ${components} metadata components; expected none. Start another with --state.`);
    this.name = 'NotBareError';
  }
}

/**
 * Deploys what the source directories say, but for what they said already at an earlier start: what was deployed since
 * stands above the same old source. Returns the files that it cannot take.
 */
function deploySources(engine: Engine, dirs: readonly string[]): readonly string[] {
  const before = deployedTexts.parse(JSON.parse(engine.recall('sources') ?? '{}'));
  const { components, leftAside } = sourceFiles(dirs);
  const put = components.filter((component) => before[keyOf(component)] !== digestOf(component));
  if (put.length === 0) return leftAside;
  const [unfit] = faultsOf(engine, { put, drop: [] });
  if (unfit !== undefined) throw new Error(`${unfit.message.fileName}: ${unfit.message.problem}`);
  const [fault] = engine.deploy({ put, drop: [] }, 'keep');
  if (fault !== undefined) throw fault.error;
  const now = Object.fromEntries(components.map((component) => [keyOf(component), digestOf(component)]));
  engine.remember('sources', JSON.stringify({ ...before, ...now }));
  return leftAside;
}

const deployedTexts = z.record(z.string(), z.string());

function digestOf({ xml, bundle }: Component): string {
  const hash = createHash('sha256').update(xmlText(xml));
  for (const [path, bytes] of Object.entries(bundle ?? {})) hash.update(`\0${path}\0`).update(bytes);
  return hash.digest('base64');
}

function storeIn(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const file = join(folder, 'org.sqlite');
  if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 });
  return file;
}

function tokenIn(folder: string, orgId: string): string {
  const file = join(folder, 'token');
  if (existsSync(file)) {
    const token = readFileSync(file, 'utf8').trim();
    if (token.startsWith(`${orgId.slice(0, 15)}!`) && token.length > 40) return token;
  }
  const token = newAccessToken(orgId);
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
