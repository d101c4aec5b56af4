/** The real `sf` CLI deploys into an empty local org, by SOAP and by REST, and gets back what it deployed. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../src/localorg/client.js';
import { startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';
import { cliIn, installCli, type Cli, type CliResult } from '../support/sfCli.js';

const root = new URL('../..', import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), 'kam-sf-deploy-'));
const project = join(home, 'project');
const failures: string[] = [];
let org: LocalOrg;
let client: LocalClient;
let sf: Cli;

const { packageDirectories } = z
  .object({ packageDirectories: z.array(z.object({ path: z.string() })).min(1) })
  .parse(JSON.parse(readFileSync(join(root, 'sfdx-project.json'), 'utf8')));

beforeAll(async () => {
  installCli();
  sf = cliIn(home);
  for (const path of ['sfdx-project.json', 'force-app'])
    cpSync(join(root, path), join(project, path), { recursive: true });
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: [],
    onError: (text) => failures.push(text),
  });
  client = openClient(org.instanceUrl, org.accessToken);
  // By a login: in a project the CLI takes an address from the environment for a login URL, and refuses it.
  const login = ['org', 'login', 'access-token', '--instance-url', org.instanceUrl, '--alias', 'empty', '--no-prompt'];
  const { code, stderr } = await sf(login, { env: { SF_ACCESS_TOKEN: org.accessToken } });
  if (code !== 0) throw new Error(stderr);
});

afterAll(async () => {
  await client.close();
  await org.stop();
  rmSync(home, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

const deployed = z.object({
  status: z.number(),
  result: z.looseObject({
    id: z.string(),
    success: z.boolean(),
    checkOnly: z.boolean(),
    numberComponentsDeployed: z.number(),
    numberComponentErrors: z.number(),
    files: z.array(z.looseObject({ fullName: z.string(), state: z.string() })).optional(),
  }),
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> =>
  sf([...args, '--target-org', 'empty', '--json'], { cwd: project, env });

async function deploy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<z.infer<typeof deployed>> {
  const { code, stdout, stderr } = await run(['project', 'deploy', 'start', ...args], env);
  if (code !== 0)
    throw new Error(`deploy ${args.join(' ')} ended with ${code}: ${stdout.slice(0, 4000)} ${stderr.slice(0, 500)}`);
  return deployed.parse(JSON.parse(stdout));
}

const hasObject = async (name: string): Promise<boolean> =>
  JSON.stringify(await client.send('GET', 'sobjects')).includes(`"name":"${name}"`);

describe('into an org with standard objects only', () => {
  test('a dry run checks everything and changes nothing', async () => {
    const { result } = await deploy(['--source-dir', packageDirectories[0]?.path ?? '', '--dry-run']);
    expect([result.success, result.checkOnly, result.numberComponentErrors]).toEqual([true, true, 0]);
    expect(await hasObject('KAM_Run__c')).toBe(false);
  });

  test.each(packageDirectories.map(({ path }, n) => ({ path, way: n === 0 ? 'SOAP' : 'REST' })))(
    '$path deploys, by $way',
    async ({ path, way }) => {
      const { result } = await deploy(['--source-dir', path], { SF_ORG_METADATA_REST_DEPLOY: String(way === 'REST') });
      expect([result.success, result.numberComponentErrors]).toEqual([true, 0]);
      expect(result.numberComponentsDeployed).toBeGreaterThan(0);
    },
  );

  test('then it has the objects, fields and records', async () => {
    expect(await hasObject('KAM_Run__c')).toBe(true);
    await client.query('SELECT KAM_Tier__c FROM Account');
    expect((await client.query('SELECT DeveloperName FROM KAM_Criterion__mdt')).length).toBeGreaterThan(0);
  });

  test('project deploy validate, then project deploy quick of what it saw, once', async () => {
    const fields = join(project, 'force-app', 'main', 'default', 'objects', 'Account', 'fields');
    const file = join(fields, 'Quick__c.field-meta.xml');
    writeFileSync(
      file,
      '<?xml version="1.0" encoding="UTF-8"?>\n<CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>Quick__c</fullName><label>Quick</label><type>Date</type></CustomField>\n',
    );
    const validation = await run(['project', 'deploy', 'validate', '--source-dir', file]);
    expect([validation.code, validation.stderr]).toEqual([0, expect.anything()]);
    const { id } = deployed.parse(JSON.parse(validation.stdout)).result;
    await expect(client.query('SELECT Quick__c FROM Account')).rejects.toThrow(/No such column/);
    const quick = await run(['project', 'deploy', 'quick', '--job-id', id]);
    expect([quick.code, quick.stdout]).toEqual([0, expect.stringContaining('"success": true')]);
    expect(await client.query('SELECT Quick__c FROM Account')).toEqual([]);
    const again = await run(['project', 'deploy', 'quick', '--job-id', id]);
    expect([again.code === 0, again.stdout]).toEqual([
      false,
      expect.stringContaining("can't be used for quick deployment"),
    ]);
    rmSync(file);
  });

  test('project deploy report tells of the last deploy', async () => {
    const { result } = await deploy(['--source-dir', packageDirectories.at(-1)?.path ?? '']);
    const { code, stdout } = await run(['project', 'deploy', 'report', '--job-id', result.id]);
    expect([code, deployed.parse(JSON.parse(stdout)).result]).toMatchObject([0, { id: result.id, success: true }]);
  });

  test('one component that fails takes the others back, and is named with file and reason', async () => {
    const fields = join(project, 'force-app', 'main', 'default', 'objects', 'Account', 'fields');
    const field = (name: string, type: string): void =>
      writeFileSync(
        join(fields, `${name}.field-meta.xml`),
        `<?xml version="1.0" encoding="UTF-8"?>\n<CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>${name}</fullName><label>${name}</label><type>${type}</type></CustomField>\n`,
      );
    field('Good__c', 'Date');
    field('Bad__c', 'Nonsense');
    const { code, stdout } = await run(['project', 'deploy', 'start', '--source-dir', fields]);
    expect(code).toBe(1);
    expect(stdout).toContain('Bad__c');
    await expect(client.query('SELECT Good__c FROM Account')).rejects.toThrow(/No such column 'Good__c'/);
    for (const name of ['Good__c', 'Bad__c']) rmSync(join(fields, `${name}.field-meta.xml`));
  });

  test('project retrieve start gives back what was deployed', async () => {
    const file = join(
      project,
      'force-app',
      'main',
      'default',
      'objects',
      'Account',
      'fields',
      'KAM_Tier__c.field-meta.xml',
    );
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(/<label>[^<]*<\/label>/, '<label>Somebody else</label>'));
    const { code, stdout } = await run([
      'project',
      'retrieve',
      'start',
      '--metadata',
      'CustomField:Account.KAM_Tier__c',
    ]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('KAM_Tier__c')]);
    const plain = (xml: string): string => xml.replaceAll(/\s+/g, '');
    expect(plain(readFileSync(file, 'utf8'))).toContain(plain(/<label>[^<]*<\/label>/.exec(before)?.[0] ?? ''));
    expect(readdirSync(join(project, 'force-app'))).toContain('main');
  });

  test('project deploy preview says that the org tracks no source, as a production org does', async () => {
    const { code, stdout } = await run(['project', 'deploy', 'preview']);
    expect([code, stdout]).toEqual([1, expect.stringContaining('source tracking')]);
  });
});
