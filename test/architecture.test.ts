/** The floors: who may import whom. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, dirname } from 'node:path';
import { expect, test } from 'vitest';

const src = new URL('../src', import.meta.url).pathname;

/** For each floor, the floors that it may stand on. */
const standsOn: Record<string, string[]> = {
  kam: [],
  schema: [],
  book: ['kam'],
  org: ['book', 'kam', 'schema'],
  report: ['book', 'kam'],
  sync: ['org', 'report', 'book', 'kam'],
  localorg: ['schema'],
  demo: ['localorg', 'kam'],
  commands: ['demo', 'sync', 'report', 'org', 'book', 'kam', 'localorg', 'schema'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

const importsOf = (file: string): string[] =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );

const floorOf = (path: string): string => path.split('/')[0] ?? '';

test('every source file stands on a floor that the design names', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => !(floorOf(file) in standsOn))).toEqual([]);
});

test('a floor imports only the floors below it', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => path.startsWith('.'))
      .map((path) => floorOf(relative(src, resolve(src, dirname(file), path))))
      .filter((floor) => floor !== floorOf(file) && !(standsOn[floorOf(file)] ?? []).includes(floor))
      .map((floor) => `${file} imports ${floor}`),
  );
  expect(wrong).toEqual([]);
});

test('the method does no input or output', () => {
  const allowed = ['zod', 'lodash'];
  const wrong = files
    .filter((file) => floorOf(file) === 'kam')
    .flatMap((file) =>
      importsOf(file)
        .filter(
          (path) => !path.startsWith('.') && !allowed.some((name) => path === name || path.startsWith(`${name}/`)),
        )
        .map((path) => `${file} imports ${path}`),
    );
  expect(wrong).toEqual([]);
});

test('the method reads no clock and no chance', () => {
  const wrong = files
    .filter((file) => floorOf(file) === 'kam')
    .filter((file) =>
      /Date\.now|new Date\(\)|Math\.random|performance\.now/.test(readFileSync(join(src, file), 'utf8')),
    );
  expect(wrong).toEqual([]);
});

test('only the org door knows a Salesforce connection, and only schema and records know API names', () => {
  const connection = files.filter((file) => importsOf(file).some((path) => path.startsWith('jsforce')));
  expect(connection.filter((file) => floorOf(file) !== 'org')).toEqual([]);
  const apiNames = files.filter((file) => /KAM_\w+__(c|mdt)/.test(readFileSync(join(src, file), 'utf8')));
  expect(
    apiNames.filter((file) => floorOf(file) !== 'schema' && !['org/records.ts', 'demo/demo.ts'].includes(file)),
  ).toEqual([]);
});

test('no file hides in a drawer without a name', () => {
  expect(files.filter((file) => /(^|\/)(utils?|helpers?|types|common|misc|shared)\.ts$/.test(file))).toEqual([]);
});
