/** The docs are tested: what exists is documented, and what is documented exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scoreGroup } from '../src/kam/score.js';
import { unknown } from '../src/kam/unknown.js';
import { aGroup, aPotential, euros, settingsWith } from './support/builders.js';
import { processedList } from './support/dataProtectionPage.js';
import { settingsPage } from './support/settingsPage.js';

const root = new URL('..', import.meta.url).pathname;
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const list = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending));

const commands = list('src/commands', '.ts').map((file) => file.replace(/\.ts$/, '').split('/').join(' '));
const readme = read('README.md');

test.each(commands)('README names the command "%s"', (command) => {
  expect(readme).toContain(`sf ${command}`);
});

test('README names no command that does not exist', () => {
  const named = [...readme.matchAll(/sf (kam(?: [a-z][a-z-]*)+)/g)].map((match) => match[1] ?? '');
  const unknown = named.filter(
    (words) => !commands.some((command) => words === command || words.startsWith(`${command} `)),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(unknown).toEqual([]);
});

test.each(list('src/commands', '.ts'))(
  '%s has every message that it uses, and README or its help names every flag',
  (file) => {
    const source = read('src/commands', file);
    const bundle = /loadMessages\('sf-plugin-kam', '([^']+)'\)/.exec(source)?.[1] ?? '';
    const messages = read('messages', `${bundle}.md`);
    const keys = [...messages.matchAll(/^# (.+)$/gm)].map((match) => match[1]?.trim() ?? '');
    const used = [...source.matchAll(/(?:getMessages?|createError)\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    expect(used.filter((key) => !keys.includes(key))).toEqual([]);
    expect(used).toContain('summary');
  },
);

test('no message is left over', () => {
  const sources = list('src', '.ts').map((file) => read('src', file));
  const orphans = list('messages', '.md').flatMap((file) => {
    const bundle = file.replace(/\.md$/, '');
    const users = sources.filter((source) => source.includes(`'${bundle}'`));
    return [...read('messages', file).matchAll(/^# (.+)$/gm)]
      .map((match) => match[1]?.trim() ?? '')
      .filter((key) => !users.some((source) => source.includes(`'${key.replace(/\.actions$/, '')}'`)))
      .map((key) => `${file}: ${key}`);
  });
  expect(orphans).toEqual([]);
});

test('docs/settings.md says of every setting what the schema says (npx vitest run test/docs.test.ts -u writes it anew)', async () => {
  await expect(settingsPage()).toMatchFileSnapshot('../docs/settings.md');
});

test('docs/data-protection.md lists every object and field that the code reads or writes (-u writes it anew)', async () => {
  const page = read('docs', 'data-protection.md');
  const listed = /(?<=<!-- processed -->\n)[\s\S]*?(?=<!-- \/processed -->)/;
  expect(page).toMatch(listed);
  await expect(page.replace(listed, () => `\n${processedList()}\n\n`)).toMatchFileSnapshot(
    '../docs/data-protection.md',
  );
});

test('the pages name only fields, objects and settings types that the package has', () => {
  const parts = list('force-app', '-meta.xml').flatMap((file) => file.split('/').map((part) => part.split('.')[0]));
  const pages = [
    'README.md',
    'docs/data-protection.md',
    'docs/history.md',
    'docs/model.md',
    'docs/potentials.md',
    'docs/care.md',
    'docs/settings.md',
  ];
  const named = pages.flatMap((page) => [...read(page).matchAll(/\b\w+__(?:c|mdt)\b/g)].map(([name]) => name));
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((name) => !parts.includes(name))).toEqual([]);
});

test('README names every exit code of the design', () => {
  for (const code of [0, 1, 2, 3, 68, 69]) expect(readme).toMatch(new RegExp(`\\| ${code} \\|`));
});

test("README's worked score is what the code says", () => {
  expect(readme).toContain('Weights 35 and 20 give (35 × 50 + 20 × 100) / 55 = 68.18');
  const anchors = { zero: euros(20_000), half: euros(60_000), full: euros(100_000) };
  const none = unknown('noAnchors');
  const { points } = scoreGroup(
    aGroup({ yearlyRevenue: euros(100_000) }),
    aPotential({ additional: euros(60_000) }),
    { anchors: { potential: anchors, margin: none, risk: anchors, breadth: none, growth: none }, calibrated: true },
    settingsWith(),
  );
  expect(Number(points).toFixed(2)).toBe('68.18');
});

test('README and docs/operate.md tell the same exit codes', () => {
  const codesIn = (page: string): string[] => [...page.matchAll(/^\| (\d+) +\|/gm)].map((match) => match[1] ?? '');
  expect(codesIn(readme)).toEqual(['0', '1', '2', '3', '68', '69']);
  expect(codesIn(read('docs', 'operate.md'))).toEqual(codesIn(readme));
});
