/** From pulled tables to facts: settings go in as small tables, SQL does the rest, the hierarchy is climbed in memory. */
import type { Settings } from '../kam/settings.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import type { BookNote } from './book.js';
import { literal, sqlText, type Duck } from './duck.js';
import { NO_PARENT, rootsOf } from './hierarchy.js';
import { numberOf, textOf, textsOf } from './rows.js';

/** Derives everything that `Book` reads, from scratch; see `Book.derive`. */
export async function derive(duck: Duck, settings: Settings, asOf: IsoDate, today: IsoDate): Promise<BookNote[]> {
  await duck.run(`${sqlText('dialect')};${scopeTables(settings, asOf, today)}`);
  await duck.run(sqlText('currency'));
  await duck.run(sqlText('groups'));
  await climb(duck);
  await duck.run(sqlText('facts'));
  await duck.run(sqlText('history'));
  await duck.run('DELETE FROM potential; DELETE FROM decision');
  return notesOf(duck);
}

function scopeTables(settings: Settings, asOf: IsoDate, today: IsoDate): string {
  const { windows } = settings.revenue;
  const last = Array.from({ length: windows + 1 }, (_, k) => windowEnd(asOf, k));
  const windowRows = last.map((day, k) => `(${k}, ${date(last[k + 1] ?? '0001-01-01')}, ${date(day)})`);
  const rules = familyRules(settings).map(
    ({ key, canonical, margin, inScope }) =>
      `(${literal(key)}, ${literal(canonical)}, CAST(${margin ?? 'NULL'} AS DOUBLE), ${inScope})`,
  );
  return `
    CREATE OR REPLACE TABLE scope AS SELECT ${windows} AS windows, ${settings.potential.minimumPeers} AS minimum_peers,
      CAST(${settings.potential.quantile} AS DOUBLE) AS upper_quantile, ${date(today)} AS today;
    CREATE OR REPLACE TABLE sales_window (window_no INTEGER, after_day DATE, last_day DATE);
    INSERT INTO sales_window VALUES ${windowRows.join(', ')};
    CREATE OR REPLACE TABLE family_rule (name_key VARCHAR, canonical VARCHAR, margin DOUBLE, in_scope BOOLEAN);
    ${rules.length === 0 ? '' : `INSERT INTO family_rule VALUES ${rules.join(', ')};`}`;
}

const date = (day: IsoDate): string => `CAST(${literal(day)} AS DATE)`;

/** The last day of the 12-month window that ended `windows` years before; month ends stay month ends. */
function windowEnd(asOf: IsoDate, windows: number): IsoDate {
  const [year = 0, month = 0, day = 0] = asOf.split('-').map(Number);
  const daysIn = (y: number): number => new Date(Date.UTC(y, month, 0)).getUTCDate();
  const target = year - windows;
  const targetDay = day === daysIn(year) ? daysIn(target) : day;
  return `${String(target).padStart(4, '0')}-${asOf.slice(5, 7)}-${String(targetDay).padStart(2, '0')}`;
}

type FamilyRule = { key: string; canonical: string; margin: Fraction | null; inScope: boolean };

const keyOf = (family: string): string => family.trim().toLowerCase();

/** One rule per name that settings mention, aliases followed to their end; aliases in a circle stand for themselves. */
function familyRules(settings: Settings): FamilyRule[] {
  const named = new Map(settings.families.map((rule) => [keyOf(rule.family), rule]));
  const canonicalOf = (start: string): string => {
    const passed = new Set<string>();
    let name = start.trim();
    for (;;) {
      const alias = named.get(keyOf(name))?.aliasOf ?? null;
      if (alias === null) return named.get(keyOf(name))?.family.trim() ?? name;
      if (passed.has(keyOf(name))) return start.trim();
      passed.add(keyOf(name));
      name = alias.trim();
    }
  };
  const targets = settings.families.flatMap(({ aliasOf }) => (aliasOf === null ? [] : [aliasOf]));
  const names = new Map(
    [...targets, ...settings.families.map(({ family }) => family)].map((name) => [keyOf(name), name]),
  );
  return [...names].map(([key, name]) => {
    const rule = named.get(key);
    return { key, canonical: canonicalOf(name), margin: rule?.margin ?? null, inScope: rule?.inScope ?? true };
  });
}

async function climb(duck: Duck): Promise<void> {
  const [counted] = await duck.rows('SELECT COUNT(*) AS nodes FROM node');
  const parents = new Int32Array(counted === undefined ? 0 : numberOf(counted, 'nodes')).fill(NO_PARENT);
  await duck.each('SELECT node_no, parent_no FROM node WHERE parent_no IS NOT NULL', (row) => {
    parents[numberOf(row, 'node_no')] = numberOf(row, 'parent_no');
  });
  const { roots, onCycle } = rootsOf(parents);
  await duck.run('CREATE OR REPLACE TABLE node_root (node_no INTEGER, root_no INTEGER, on_cycle BOOLEAN)');
  await duck.append('node_root', roots.entries(), (row, [node, root]) => {
    row.appendInteger(node);
    row.appendInteger(root);
    row.appendBoolean(onCycle[node] === 1);
  });
}

async function notesOf(duck: Duck): Promise<BookNote[]> {
  const rows = await duck.rows(sqlText('notes'));
  return rows.map((row) => {
    const is = textOf(row, 'note');
    if (!isNote(is)) throw new TypeError(`The book knows no note ${is}.`);
    return { is, count: numberOf(row, 'entries'), examples: textsOf(row, 'examples') };
  });
}

const noteKinds: Record<BookNote['is'], true> = {
  parentCycle: true,
  parentMissing: true,
  wonWithoutAmount: true,
  rateMissing: true,
  negativeAmount: true,
  saleInFuture: true,
  saleWithoutAccount: true,
  noLineItems: true,
  noFamily: true,
  personAccountsLeftOut: true,
  ratingOutOfRange: true,
  overrideWithoutReason: true,
  overrideWithoutExpiry: true,
  overrideExpired: true,
  overrideOnSite: true,
  excludedWithoutReason: true,
  ownerInactive: true,
  taskWithoutOwner: true,
  moveWaits: true,
  walletNegative: true,
  walletInFuture: true,
  walletUndated: true,
  walletUnsourced: true,
  walletBelowRevenue: true,
  targetInPast: true,
  targetNegative: true,
  savingNegative: true,
  potentialWithoutFamily: true,
  potentialTwice: true,
  agreementWithoutAccount: true,
  agreementsOpen: true,
  agreementOnSite: true,
  agreementUnread: true,
  commitmentTooEarly: true,
  commitmentWithoutOwner: true,
  trialOver: true,
  rootExcludedAlone: true,
  siteExcludedAlone: true,
};

const isNote = (word: string): word is BookNote['is'] => Object.hasOwn(noteKinds, word);
