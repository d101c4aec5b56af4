/** What a backtest looks back on, what it may not know, and what it says where there is nothing to say. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHorizon } from '../../src/kam/calendar.js';
import { wasTried } from '../../src/kam/model/backtest.js';
import { drawsFrom } from '../../src/kam/random.js';
import type { Backtest } from '../../src/report/backtest.js';
import { backtestLines } from '../../src/report/backtestLines.js';
import { backtest, type BacktestOptions } from '../../src/sync/backtest.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { withSmallOrg } from '../support/smallOrg.js';

const defaults: BacktestOptions = {
  cut: null,
  horizon: null,
  topProducts: null,
  predictions: null,
  page: null,
  today: '2026-11-25',
  bootstrap: { resamples: 20, seed: 42 },
  version: '0',
};

const lookBack = (folder: string, options: Partial<BacktestOptions> = {}): Promise<Backtest> =>
  backtest({ is: 'files', folder }, { ...defaults, ...options }, () => undefined);

type Sale = [account: string, day: string, family: string, amount: number];

/** Looks back on sales that the test lists; every account that sells or is named is there. */
async function lookBackOn(sales: readonly Sale[], options: Partial<BacktestOptions> = {}): Promise<Backtest> {
  return inFolder(async (folder) => {
    writeFolder(folder, sales);
    return lookBack(folder, options);
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kam-look-back-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeFolder(folder: string, sales: readonly Sale[]): void {
  const accounts = [...new Set(sales.map(([account]) => account))];
  const lines = (header: string, rows: readonly string[]): string => `${[header, ...rows].join('\n')}\n`;
  writeFileSync(
    join(folder, 'accounts.csv'),
    lines(
      'account_id,name,industry,employees,country,parent_id',
      accounts.map((id) => `${id},${id},,,,`),
    ),
  );
  writeFileSync(
    join(folder, 'sales.csv'),
    lines(
      'account_id,date,product_family,product,quantity,amount,cost',
      sales.map(([account, day, family, amount]) => `${account},${day},${family},${family},1,${amount},`),
    ),
  );
}

const textOf = (found: Backtest, width = 100): string => backtestLines(found, { width, styled: false }).join('\n');

/** Sixty accounts that buy up to six families over three years, more of them the longer they buy. */
function someBook(seed = 7): Sale[] {
  const draw = drawsFrom(seed);
  const months = Array.from(
    { length: 36 },
    (_, m) => `${2022 + Math.floor(m / 12)}-${String((m % 12) + 1).padStart(2, '0')}`,
  );
  return Array.from({ length: 60 }, (_, a) => a).flatMap((a) =>
    months.flatMap((month, m) =>
      Array.from({ length: 6 }, (_, f) => f).flatMap((f): Sale[] =>
        draw() < 0.02 + (m > 6 * f && a % 3 !== f % 3 ? 0.25 : 0)
          ? [[`A${String(a).padStart(2, '0')}`, `${month}-${f % 2 === 0 ? '05' : '20'}`, `Family ${f}`, 100 + 10 * a]]
          : [],
      ),
    ),
  );
}

describe.skipIf(!hasSharedData)('real histories', () => {
  test.each([
    { set: 'northwind', cut: '1997-11-06', horizon: '182d', pairs: 185, adopted: 97, auc: 0.64 },
    { set: 'northwind', cut: '1997-08-07', horizon: '182d', pairs: 228, adopted: 90, auc: 0.6 },
    { set: 'maven_crm', cut: '2017-10-01', horizon: '92d', pairs: 75, adopted: 2, auc: 0.5 },
    { set: 'adventureworks', cut: '2013-06-01', horizon: '182d', pairs: 13_053, adopted: 292, auc: 0.84 },
  ])(
    '$set at $cut: $pairs pairs, of which $adopted were then bought',
    async ({ set, cut, horizon, pairs, adopted, auc }) => {
      const found = await lookBack(join(sharedData, set), { cut, horizon: parseHorizon(horizon) });
      const [only] = found.cuts;
      if (only === undefined || !wasTried(only.adoption)) return expect.fail('the cut was tried');
      expect([only.adoption.candidates, only.adoption.adopted]).toEqual([pairs, adopted]);
      const [model] = only.adoption.rankers;
      expect(model?.name).toBe('model');
      expect(model?.ranking.auc?.value).toBeGreaterThan(auc);
      expect(textOf(found)).toContain(set === 'maven_crm' ? 'not validated here: fewer than 20 events' : 'holds here');
    },
  );

  test('the families of adventureworks that came back at 2012-12-01 are told as breadth beating the model', async () => {
    const found = await lookBack(join(sharedData, 'adventureworks'), {
      cut: '2012-12-01',
      horizon: { days: 182 },
    });
    expect(found.warnings.map(({ is }) => is)).toContain('breadthBeatsModel');
    expect(textOf(found)).toMatch(
      /Warning: how much an account buys already, whatever the family, ranked better than P\(adopt\) at 2012-12-01/,
    );
  });

  test('predictions are those of the reference, pair by pair', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'predictions.csv');
      const options = { cut: '1997-11-06', horizon: { days: 182 }, predictions: file };
      await lookBack(join(sharedData, 'northwind'), options);
      const ours: Record<string, string>[] = parse(readFileSync(file), { columns: true });
      const theirs: Record<string, string>[] = parse(
        gunzipSync(readFileSync(join(sharedData, 'golden', 'adopt2_northwind.csv.gz'))),
        { columns: true },
      );
      expect(Object.keys(ours[0] ?? {})).toEqual(Object.keys(theirs[0] ?? {}));
      const key = (row: Record<string, string>): string => `${row['account_id']} ${row['product_family']}`;
      const published = new Map(theirs.map((row) => [key(row), row]));
      expect(ours).toHaveLength(published.size);
      for (const row of ours) {
        const other = published.get(key(row)) ?? expect.fail(key(row));
        expect(row['adopted']).toBe(other['adopted']);
        expect(Math.abs(Number(row['p']) - Number(other['p']))).toBeLessThan(2e-3);
        expect(Math.abs(Math.max(0, Number(row['spend'])) - Number(other['spend']))).toBeLessThan(0.011);
        for (const name of ['lp_adopt', 'd_peer', 'ease_k', 'vel']) {
          expect(Math.abs(Number(row[name]) - Number(other[name]))).toBeLessThan(1e-5);
        }
      }
    }));
});

describe('on a book of its own', () => {
  const page = join(mkdtempSync(join(tmpdir(), 'kam-page-')), 'backtest.html');
  let found: Backtest;
  beforeAll(async () => {
    found = await lookBackOn(someBook(), { page });
  });
  afterAll(() => rmSync(dirname(page), { recursive: true, force: true }));

  test('it takes up to four cuts, half a year apart, latest first, each with a window to learn from', () => {
    expect(found.cuts.map(({ day, until }) => [day, until])).toEqual([
      ['2024-06-22', '2024-12-21'],
      ['2023-12-23', '2024-06-22'],
      ['2023-06-24', '2023-12-23'],
      ['2022-12-24', '2023-06-24'],
    ]);
    expect(found.cuts.map(({ learnedFrom }) => learnedFrom.length)).toEqual([2, 2, 1, 1]);
  });

  test('what is said at a cut does not change with what came after it', () =>
    inFolder(async (folder) => {
      const book = someBook();
      const cut = '2024-03-01';
      const changed: Sale[] = book.map(([account, day, family, amount]) =>
        day < cut ? [account, day, family, amount] : [account, day, `Family ${(Number(family.slice(-1)) + 1) % 6}`, 1],
      );
      const said = await Promise.all(
        [book, changed].map(async (sales, index) => {
          const file = join(folder, `${index}.csv`);
          await lookBackOn(sales, { cut, predictions: file });
          const rows: Record<string, string>[] = parse(readFileSync(file), { columns: true });
          return rows.map(({ adopted, spend, ...before }) => ({ before, after: [adopted, spend] }));
        }),
      );
      const [first = [], second = []] = said;
      expect(first.length).toBeGreaterThan(50);
      expect(second.map(({ before }) => before)).toEqual(first.map(({ before }) => before));
      expect(second.map(({ after }) => after)).not.toEqual(first.map(({ after }) => after));
    }));

  test('the same seed gives the same figures, whatever the order of the sales', async () => {
    expect({ ...(await lookBackOn(someBook().toReversed())), source: found.source }).toEqual(found);
  });

  test('whole months are windows where no month has sales on two days', async () => {
    const found = await lookBackOn(
      someBook().map(([account, day, ...rest]) => [account, `${day.slice(0, 7)}-01`, ...rest]),
    );
    expect(found.horizon).toEqual({ months: 6 });
    expect(found.knownUntil).toBe('2024-12-31');
    expect(found.cuts.map(({ day }) => day)).toEqual(['2024-07-01', '2024-01-01', '2023-07-01', '2023-01-01']);
  });

  test('the products most widely bought stand as families', async () => {
    const found = await lookBackOn(someBook(), { cut: '2024-06-01', topProducts: 3 });
    expect(found.cuts.map(({ families }) => families)).toEqual([3]);
  });

  test.each([60, 140])('every line fits a screen of %i columns', (width) => {
    const lines = textOf(found, width).split('\n');
    const tables = lines.filter((line) => /^ {2}/.test(line));
    expect(tables.length).toBeGreaterThan(20);
    expect(tables.filter((line) => line.length > width)).toEqual([]);
  });

  test('the page carries verdicts, tables and plots, and asks no network for anything', () => {
    const html = readFileSync(page, 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(8);
    expect(html.match(/<table/g)).toHaveLength(4);
    expect(html).toContain('Who will buy a family for the first time');
    expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\/|NaN|undefined/);
    expect(JSON.stringify(found)).not.toContain('NaN');
  });
});

describe('where there is little to say, it says what is missing', () => {
  const days = ['2022-01-10', '2022-06-10', '2023-01-10', '2023-06-10', '2024-01-10', '2024-06-10', '2024-12-10'];
  const eachDay = (account: string, family: string, amount = 100): Sale[] =>
    days.map((day) => [account, day, family, amount]);
  const one = { cut: '2024-06-15' };
  const nine = Array.from({ length: 9 }, (_, n) => `A${n}`);

  test('one account has nobody to be compared with', async () => {
    const found = await lookBackOn([...eachDay('A', 'Pumps'), ...eachDay('A', 'Valves')], one);
    expect(found.verdicts.adoption).toEqual({ is: 'notValidated', because: 'noCut' });
    expect(textOf(found)).toContain('only one account bought in the year before the cut');
  });

  test('one family leaves nothing to cross-sell', async () => {
    const found = await lookBackOn(
      nine.flatMap((account) => eachDay(account, 'Pumps')),
      one,
    );
    expect(textOf(found)).toContain('fewer than two families were ever bought');
  });

  test('accounts that are all alike have no whitespace', async () => {
    const found = await lookBackOn(
      nine.flatMap((account) => [...eachDay(account, 'Pumps'), ...eachDay(account, 'Valves')]),
      one,
    );
    expect(textOf(found)).toContain('there is no whitespace to rank');
    expect(JSON.stringify(found)).not.toContain('NaN');
  });

  test('credit notes alone are no history of buying', async () => {
    const found = await lookBackOn(
      nine.flatMap((account) => eachDay(account, 'Pumps', -5)),
      one,
    );
    expect(textOf(found)).toContain('no account has a sale with a positive amount in the year before the cut');
    expect(found.notes.map(({ is }) => is)).toContain('negativeAmount');
  });

  test('a single mega deal is named, and changes no ranking into a number that is none', async () => {
    const found = await lookBackOn([...someBook(), ['A01', '2023-03-03', 'Family 1', 90_000_000]], {
      cut: '2024-06-01',
    });
    expect(textOf(found)).toMatch(/One sale makes 9\d(\.\d)? % of all revenue/);
    expect(textOf(found)).not.toMatch(/NaN|Infinity/);
  });

  test('sales in the future are left out and counted', async () => {
    const found = await lookBackOn([...someBook(), ['A01', '2031-01-01', 'Family 1', 5]], { cut: '2024-06-01' });
    expect(found.last < '2025-01-01').toBe(true);
    expect(textOf(found)).toContain("close after the org's today and were left out");
  });

  test('no won sale up to today is no history', async () => {
    await expect(lookBackOn([['A', '2031-01-01', 'Pumps', 5]])).rejects.toMatchObject({ name: 'NoHistoryError' });
  });

  test('a family renamed half-way is two families, and nobody begins to buy the old one', async () => {
    const renamed = someBook().map(([account, day, family, amount]): Sale => [
      account,
      day,
      family === 'Family 5' && day >= '2024-06-22' ? 'Family 5 (new)' : family,
      amount,
    ]);
    const found = await lookBackOn(renamed, { cut: '2024-06-22' });
    const [latest] = found.cuts;
    if (latest === undefined || !wasTried(latest.adoption)) return expect.fail('the cut was tried');
    // Who bought it under its old name can't buy it again under that name: nothing of it comes true.
    const [before] = (await lookBackOn(someBook(), { cut: '2024-06-22' })).cuts;
    if (before === undefined || !wasTried(before.adoption)) return expect.fail('the cut was tried');
    expect(latest.adoption.candidates).toBe(before.adoption.candidates);
    expect(latest.adoption.adopted).toBeLessThan(before.adoption.adopted);
  });

  test.each([
    ['before the first sale', '2021-12-31', 'CutOutsideDataError'],
    ['without a horizon after it', '2024-12-01', 'CutOutsideDataError'],
    ['that is no day', '2024-02-30', 'CutNotADayError'],
  ])('a cut %s is refused, and told which are possible', async (_, cut, name) => {
    await expect(lookBackOn(someBook(), { cut })).rejects.toMatchObject({ name, exitCode: 2 });
  });

  test('a cut outside the data names the first and the last that are inside', async () => {
    await expect(lookBackOn(someBook(), { cut: '2030-01-01' })).rejects.toMatchObject({
      message: expect.stringContaining('2030-01-01 lies outside the data'),
      actions: [expect.stringMatching(/not before 2022-01-\d\d and not after 2024-06-22/)],
    });
  });

  test('a history shorter than a horizon is too short', async () => {
    const short = nine.flatMap((account): Sale[] => [
      [account, '2024-01-01', 'Pumps', 1],
      [account, '2024-03-01', 'Pumps', 1],
    ]);
    await expect(lookBackOn(short)).rejects.toMatchObject({ name: 'HistoryTooShortError' });
    await expect(lookBackOn(short, { cut: '2024-02-01' })).rejects.toMatchObject({ name: 'NoCutPossibleError' });
  });

  test('a file that can not be written is told by name', async () => {
    await expect(lookBackOn(someBook(), { cut: '2024-06-01', page: '/nowhere/page.html' })).rejects.toThrow(
      '/nowhere/page.html',
    );
  });
});

test('an org is looked back on from the book of its last sync; without one, a sync is asked for', () =>
  withSmallOrg(
    {
      accounts: Array.from({ length: 60 }, (_, a) => ({ name: `A${String(a).padStart(2, '0')}` })),
      sales: someBook().map(([account, day, family, amount]) => [account, day, family, amount.toFixed(2)] as const),
    },
    {},
    async ({ login, stateHome, sync }) => {
      const day = { cut: '2024-06-01', horizon: { days: 182 } };
      const source = { is: 'org', login, apiVersion: undefined, env: { XDG_STATE_HOME: stateHome } } as const;
      const run = (): Promise<Backtest> => backtest(source, { ...defaults, ...day }, () => undefined);
      await expect(run()).rejects.toMatchObject({ name: 'NoRunYetError' });
      await sync({ dryRun: true });
      const fromOrg = await run();
      const fromFiles = await lookBackOn(someBook(), day);
      expect(fromOrg.source).toMatchObject({ is: 'org' });
      const pairs = ({ cuts }: Backtest) =>
        cuts.map(({ adoption }) => (wasTried(adoption) ? [adoption.candidates, adoption.adopted] : []));
      expect(pairs(fromOrg)).toEqual(pairs(fromFiles));
      expect(fromOrg.knownUntil).toBe('2026-10-31');
      const products = await backtest(source, { ...defaults, cut: '2024-06-01', topProducts: 3 }, () => undefined);
      expect(products.horizon).toEqual({ months: 6 });
      expect(products.cuts.map(({ families }) => families)).toEqual([3]);
    },
  ));
