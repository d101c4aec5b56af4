/** The demo shows the whole method on its own book, and README shows what it prints. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleLabel, startDemo, type Demo } from '../../src/demo/demo.js';
import { sampleBook } from '../../src/demo/sampleBook.js';
import type { Cents } from '../../src/kam/units.js';
import { isKnown, type Unknown } from '../../src/kam/unknown.js';
import type { Argument } from '../../src/report/argument.js';
import type { Run } from '../../src/report/run.js';
import { runLines } from '../../src/report/terminal.js';
import { explain } from '../../src/sync/explain.js';
import { writeSheet } from '../../src/sync/sheet.js';
import { audit } from '../../src/sync/audit.js';
import { sync } from '../../src/sync/sync.js';

describe('the sample book', () => {
  const book = sampleBook(2022, '2026-10');

  test('is the same for the same seed, and another one for another', () => {
    expect(sampleBook(2022, '2026-10')).toEqual(book);
    expect(sampleBook(2023, '2026-10')).not.toEqual(book);
  });

  test('has 60 to 100 companies with names of their own, in groups, in about ten countries', () => {
    expect(book.accounts.length).toBeGreaterThanOrEqual(60);
    expect(book.accounts.length).toBeLessThanOrEqual(100);
    expect(new Set(book.accounts.map(({ name }) => name)).size).toBe(book.accounts.length);
    const ids = new Set(book.accounts.map(({ accountId }) => accountId));
    const parents = book.accounts.flatMap(({ parentId }) => (parentId === null ? [] : [parentId]));
    expect(parents.every((id) => ids.has(id))).toBe(true);
    expect(new Set(parents).size).toBeGreaterThanOrEqual(10);
    expect(new Set(book.accounts.map(({ country }) => country)).size).toBeGreaterThanOrEqual(8);
  });

  test('has five years of sales in ten families, credit notes among them, in whole cents', () => {
    const days = book.sales.map(({ date }) => date);
    expect(days[0]?.slice(0, 7)).toBe('2021-11');
    expect(days.at(-1)?.slice(0, 7)).toBe('2026-10');
    expect(new Set(book.sales.map(({ family }) => family)).size).toBe(10);
    expect(book.sales.some(({ cents }) => cents < 0)).toBe(true);
    expect(book.sales.every(({ cents }) => Number.isInteger(cents))).toBe(true);
  });
});

describe('the demo', () => {
  const state = mkdtempSync(join(tmpdir(), 'kam-demo-test-'));
  let demo: Demo;
  let run: Run;

  beforeAll(async () => {
    demo = await startDemo(
      { port: 0, seed: 2022, lastMonth: '2026-10', alias: null, onError: (text) => expect.fail(text) },
      () => undefined,
    );
    const options = {
      dryRun: false,
      full: false,
      asOf: null,
      maximumMoves: null,
      maximumWrites: null,
      planFile: null,
      version: '0.1.0',
      env: { XDG_STATE_HOME: state },
    };
    run = await sync(demo.login, undefined, options, () => undefined);
  });

  afterAll(async () => {
    await demo.stop();
    rmSync(state, { recursive: true, force: true });
  });

  test('shows every segment, at least three candidates and at least five undecided groups', () => {
    expect(Object.entries(run.segments).filter(([, groups]) => groups === 0)).toEqual([]);
    expect(run.tiers.candidate).toBeGreaterThanOrEqual(3);
    expect(run.gates.strategy.undecided).toBeGreaterThanOrEqual(5);
  });

  test('crowns nobody: no customer has been asked', () => {
    expect(run.tiers.key).toBe(0);
  });

  test("assesses the last month that is over by the org's own clock", () => {
    expect(run.asOf).toBe('2026-10-31');
  });

  test("a sheet for the customer's table holds none of the figures that are ours alone, of any group to be asked", async () => {
    const env = { XDG_STATE_HOME: state };
    const output = join(state, 'sheet.html');
    const groups = [...run.candidates, ...run.undecided].slice(0, 8).map(({ groupId }) => groupId);
    expect(groups).toHaveLength(8);
    const written = async (group: string, language: 'en' | 'de'): Promise<string> => {
      await writeSheet(demo.login, undefined, group, { language, output, env });
      return readFileSync(output, 'utf8').replace(/<style>.*<\/style>/s, '');
    };
    for (const group of groups) {
      const argument = await explain(demo.login, undefined, group, env);
      const [en, de] = [await written(group, 'en'), await written(group, 'de')];
      const figures = ownFigures(argument);
      expect(figures.length).toBeGreaterThan(20);
      for (const amount of figures) {
        expect(en).not.toMatch(shown(amount, 'en-GB'));
        expect(de).not.toMatch(shown(amount, 'de-DE'));
      }
      for (const page of [en, de])
        expect(page).not.toMatch(
          /%|\bscore|margin|marge|deckungsbeitrag|risi[ck]|konfidenz|confidence|poten[tz]ial|wallet|lieferanteil|candidate|kandidat|segment|threshold/i,
        );
      // What the customer buys is his own figure.
      expect(en).toMatch(shown(wholeOf(argument.group.facts.yearlyRevenue), 'en-GB'));
    }
  });

  test('calls key accounts, by revenue and by habit, what the funnel does not: every finding of an audit is there', async () => {
    const label = { field: sampleLabel.field, values: [sampleLabel.value] };
    const env = { XDG_STATE_HOME: state };
    const options = { label, quietMonths: 0, output: null, version: '0.1.0', env };
    const { totals, labelled } = await audit(demo.login, undefined, options);
    expect(labelled).toMatchObject({ accounts: 16, notInBook: 0, key: 0 });
    const empty = Object.entries(totals).filter(([, { groups }]) => groups === 0);
    expect(empty).toEqual([]);
  });

  test('prints what README shows', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [headline = '', ...lines] = runLines(run, { width: 100, styled: false });
    expect(headline).toContain(`${run.accounts} accounts in ${run.groups} groups, assessed as of 2026-10-31`);
    expect(readme).toContain(lines.join('\n'));
  });
});

/** The amount as it stands in a text, and not as a part of a longer one. */
const shown = (amount: number, locale: string): RegExp =>
  new RegExp(`(?<![\\d.,])${new Intl.NumberFormat(locale).format(amount).replaceAll('.', '\\.')}(?![.,]?\\d)`);

const wholeOf = (amount: Cents | Unknown): number => (isKnown(amount) ? Math.round(amount / 100) : NaN);

/** Everything in money that says what we hope, fear or earn; small amounts could be anything. */
function ownFigures({ group, accounts }: Argument): number[] {
  const { facts, potential } = group;
  const cells = accounts.flatMap(({ potential: { cells: own } }) =>
    own.flatMap(({ amount, range }) => [amount, range.low, range.high]),
  );
  const { contribution, contributionMargin } = facts;
  return [
    ...[potential.additional, potential.crossSell, potential.upSell, potential.revenueAtRisk],
    ...[contributionMargin, contribution.costOfGoods, contribution.first, contribution.second],
    ...accounts.map(({ potential: { risk } }) => (isKnown(risk) ? risk.yearly : risk)),
    ...cells,
  ]
    .map(wholeOf)
    .filter((amount) => amount >= 1000);
}
