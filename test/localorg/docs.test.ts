/** docs/local-org.md and docs/verify-in-org.md say what is: each endpoint, query and fault on the page is tried. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultKinds, settingsOf } from '../../src/localorg/faults.js';
import { LocalOrgRefusal, openClient, type LocalClient } from '../../src/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';
import { withLocalOrg } from '../support/localOrg.js';

const root = new URL('../..', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs', 'local-org.md'), 'utf8');

/** The cells of a table between two marks. */
function rowsOf(mark: string): string[][] {
  const [, text = ''] = new RegExp(`<!-- ${mark} -->\n([\\s\\S]*?)<!-- /${mark} -->`).exec(page) ?? [];
  const [, , ...rows] = text.trim().split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codeIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

let org: LocalOrg;
let client: LocalClient;

beforeAll(async () => {
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
  });
  client = openClient(org.instanceUrl, org.accessToken);
});

afterAll(async () => {
  await client.close();
  await org.stop();
});

describe('docs/local-org.md', () => {
  test('begins with the command that starts one', () => {
    expect(page.split('\n')[0]).toContain('`sf kam local start`');
  });

  test('lists every endpoint, and none that is not there', () => {
    const told = rowsOf('endpoints')
      .flatMap(([cell]) => codeIn(cell))
      .toSorted();
    const served = org.routes().map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(told).toEqual([...new Set(served)].toSorted());
  });

  test.each(rowsOf('soql').map(([feature = '', example]) => ({ feature, soql: codeIn(example)[0] ?? '' })))(
    'is right that it answers $feature',
    async ({ soql }) => {
      expect(soql).toMatch(/^SELECT /);
      await expect(client.query(soql)).resolves.toBeInstanceOf(Array);
    },
  );

  test.each(
    rowsOf('refused').map(([feature = '', example, code]) => ({
      feature,
      soql: codeIn(example)[0] ?? '',
      code: codeIn(code)[0] ?? 'MALFORMED_QUERY',
    })),
  )('is right that it refuses $feature with $code', async ({ soql, code }) => {
    const refusal: unknown = await client.query(soql).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LocalOrgRefusal);
    expect(refusal).toMatchObject({ status: 400, errorCode: code });
  });

  test('describes every fault with its settings, and none that does not exist', () => {
    const told = rowsOf('faults').map(([kind, settings]) => [codeIn(kind)[0], codeIn(settings)]);
    expect(told).toEqual(faultKinds.map((kind) => [kind, settingsOf(kind)]));
  });
});

test('docs/local-org.md is right about currencies and people, request by request', async () => {
  const rows = rowsOf('features').map(([what = '', request, answer]) => [
    what,
    codeIn(request)[0] ?? '',
    codeIn(answer)[0] ?? '',
  ]);
  expect(rows.length).toBeGreaterThan(10);
  await withLocalOrg({ features: ['MultiCurrency', 'PersonAccounts'], sources: [] }, async (both) => {
    for (const [what = '', request = '', answer = ''] of rows) {
      if (request.startsWith('SELECT')) {
        expect([what, await both.client.query(request)]).toMatchObject([what, [JSON.parse(answer)]]);
        continue;
      }
      const [, method = '', path = '', body = ''] = /^(\w+) (\S+) (.*)$/.exec(request) ?? [];
      const given = await fetch(`${both.instanceUrl}/services/data/v67.0/${path}`, {
        method,
        headers: { authorization: `Bearer ${both.accessToken}`, 'content-type': 'application/json' },
        body,
      });
      const [status, code = ''] = answer.split(' ');
      expect([what, String(given.status), await given.text()]).toEqual([what, status, expect.stringContaining(code)]);
    }
  });
});

/** A case of the contract that rests on general knowledge only, with what it says of its source. */
type Believed = { file: string; title: string; source: string };

function believed(): Believed[] {
  const folder = join(root, 'test', 'localorg', 'contract');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && name !== 'cited.test.ts')
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      // A title and what comes behind it: the proof, or its source alone.
      const titles = text.matchAll(
        /\b(?:contract|the|with\w+)\(\s*(['"`])((?:(?!\1).)*\[K\](?:(?!\1).)*)\1,\s*(?:\{\s*source:\s*)?(['"`])((?:(?!\3).)*)\3/g,
      );
      const marks = [...text.matchAll(/(?<!`)\[K\](?=['"`])/g)].length;
      const found = [...titles];
      if (found.length !== marks) throw new Error(`${file}: ${marks} titles end with [K], ${found.length} are read.`);
      return found.map((match) => ({ file, title: match[2] ?? '', source: match[4] ?? '' }));
    });
}

/** Notes of the source that say the same: `[K]: …`. */
function believedInSource(): string[] {
  const folder = join(root, 'src', 'localorg');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .filter((line) => line.includes('[K]'))
        .map(
          (line) => `\`src/localorg/${file}\`: ${line.replaceAll(/^\s*(\/\*\*|\/\/|\*)\s*|\s*\*\/\s*$/g, '').trim()}`,
        ),
    );
}

test('docs/verify-in-org.md lists everything that is only believed (npx vitest run test/localorg/docs.test.ts -u writes it anew)', async () => {
  const cases = believed();
  expect(cases.length).toBeGreaterThan(5);
  const files = [...new Set(cases.map(({ file }) => file))];
  const lines = [
    '# What to verify in a real org',
    '',
    'The local org and the clients that are tested on it could agree on a mistake. So every case of the contract in `test/localorg/contract/` cites who says that Salesforce does this: its documentation, a client’s source, an issue thread. The cases below cite nobody: they rest on general knowledge, `[K]`. This page is written by a test; nothing of that kind can be left out.',
    '',
    'Where you have an org, log the `sf` CLI in to it (a sandbox or a Developer Edition: cases create records and delete them again) and let the same cases run against it:',
    '',
    '```',
    'KAM_TEST_ORG=my-sandbox npx vitest run test/localorg/contract',
    '```',
    '',
    'Cases that need what only a local org has (its clock, its faults, the key of its app) are skipped there and say why. If one fails, the local org is wrong: open an issue with the real org’s answer.',
    ...files.flatMap((file) => [
      '',
      `## ${file.replace('.test.ts', '')}`,
      '',
      ...cases
        .filter((each) => each.file === file)
        .map(({ title, source }) => `- ${title.replace(/\s*\[K\]/, '')} (${source})`),
    ]),
    '',
    '## In the source',
    '',
    ...believedInSource().map((line) => `- ${line}`),
    '',
    '## In the package',
    '',
    'What no description of metadata says, and only a deploy tells: `sf project deploy start --source-dir force-app/main --dry-run`.',
    '',
    '- The regions of the page template and the properties of the standard components on *KAM Account Record Page* (as pages that were retrieved from orgs have them).',
    '- The names that list views have for standard columns of accounts: `ACCOUNT.NAME`, `CORE.USERS.ALIAS`.',
  ];
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../../docs/verify-in-org.md');
});
