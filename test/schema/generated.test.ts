import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sObjects } from '../../src/schema/generated.js';
import { orgSchema } from '../../src/schema/orgSchema.js';

const root = new URL('../..', import.meta.url).pathname;
const script = join(root, 'scripts', 'generate.mjs');
const generated = join(root, 'src', 'schema', 'generated.ts');

test('generated.ts is fresh', () => {
  execFileSync(process.execPath, [script, '--check']);
});

test('a stale or missing file is reported with the remedy, and left alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kam-generated-'));
  const file = join(dir, 'generated.ts');
  const check = () => spawnSync(process.execPath, [script, '--check', file], { encoding: 'utf8' });
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringMatching(/does not match .* npm run generate/) });

  const stale = readFileSync(generated, 'utf8').replace("'Candidate'", "'Kandidat'");
  writeFileSync(file, stale);
  expect(check().status).toBe(1);
  expect(readFileSync(file, 'utf8')).toBe(stale);

  execFileSync(process.execPath, [script, file]);
  expect(check().status).toBe(0);
  rmSync(dir, { recursive: true });
});

test('every field that the schema has is generated, under its own name', () => {
  const { objects } = orgSchema([join(root, 'force-app', 'main')]);
  for (const [name, { api, fields }] of Object.entries(sObjects)) {
    expect(api).toBe(name);
    expect(Object.keys(fields)).toEqual(Object.keys(objects.find((one) => one.api === name)?.fields ?? {}));
  }
  expect(sObjects.Account.fields.KAM_Score__c).toEqual({ type: 'Number', precision: 5, scale: 2 });
  expect(sObjects.Account.fields.KAM_Gate__c.values).toEqual(['Segment', 'Strategy', 'Score', 'Ask']);
});
