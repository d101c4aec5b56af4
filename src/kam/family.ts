/** What the org says of one family of one account, and what it shall say: a plan is the difference, as with accounts. */
import { ownIn, type Potential, type PotentialCell, type PotentialSource, type PotentialWhy } from './potential.js';
import { inCurrency, type OwnCurrency } from './currency.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, IsoDate, RecordId } from './units.js';
import { isKnown } from './unknown.js';
import { familyText } from './wording.js';

/**
 * Everything that the worker writes on one family of one account; null is an empty field.
 *
 * Units: money in cents, fractions with 4 decimals (percent with 2 in the CRM). `expected` is `probability` ×
 *        `whitespace` + `volume` + `value` − `pipeline`, never below zero.
 */
export type FamilyMark = {
  family: string;
  whitespace: Cents | null;
  probability: Fraction | null;
  volume: Cents | null;
  value: Cents | null;
  expected: Cents | null;
  low: Cents | null;
  high: Cents | null;
  pipeline: Cents | null;
  own: Cents | null;
  source: PotentialSource | null;
  confidence: Fraction | null;
  why: string | null;
  asOf: IsoDate | null;
};

/** A record as the org has it. */
export type StandingFamily = {
  id: RecordId;
  /** Empty where a person created the record. */
  ref: string | null;
  /** The family that the record's own name of it means, by the aliases of the settings. */
  means: string;
  mark: FamilyMark;
  /** A person wrote on it: wallet, who serves it, target, next step … */
  hasWord: boolean;
  currency: OwnCurrency;
};

/** One record to create or to change. `emptied`: it loses its figures, because nothing is left to say of the family. */
export type FamilyChange =
  | { verb: 'addFamily'; accountId: RecordId; ref: string; currency: string | null; after: FamilyMark }
  | {
      verb: 'setFamily';
      accountId: RecordId;
      recordId: RecordId;
      /** Given to a record that a person created, so that it is the family's from now on. */
      ref: string | null;
      before: Partial<FamilyMark>;
      after: Partial<FamilyMark>;
      emptied: boolean;
    };

const MAXIMUM_REF = 255;

/** Identity of the record of one account and family. */
export const familyRef = (accountId: RecordId, family: string): string =>
  `${accountId}|${family}`.slice(0, MAXIMUM_REF);

/**
 * What has to change in the records of one account so that they say what its potential says.
 *
 * Shape:  changes of records that stand, then records to add, most money first. The families with most money get one,
 *         `keep` of them, and every family on which a person wrote. A record that is not wanted any more loses its
 *         figures and stays: a person may have written on it since it was read, and files or fields that the worker
 *         does not know may hang on it. The day moves only when something else changes. Money is written in a record's
 *         own currency; new records get the account's.
 */
export function familyChanges(
  potential: Potential,
  standing: readonly StandingFamily[],
  keep: number,
  asOf: IsoDate,
  settings: Settings,
  currency: OwnCurrency = null,
): FamilyChange[] {
  const { accountId } = potential;
  const wanted = wantedCells(potential, standing, keep);
  const records = inOrder(standing);
  const refIn = (record: StandingFamily): string => record.ref ?? familyRef(accountId, record.means);
  const taken = new Map(records.toReversed().map((record) => [refIn(record), record]));
  const cellOf = new Map(wanted.map((cell) => [familyRef(accountId, cell.family), cell]));
  const changes = records.flatMap((record): FamilyChange[] => {
    const ref = refIn(record);
    const cell = taken.get(ref) === record ? cellOf.get(ref) : undefined;
    const fresh =
      cell === undefined ? { ...emptyMark, family: record.mark.family } : markOf(cell, settings, record.currency);
    const difference = differenceOf(record.mark, fresh, asOf);
    const adopts = cell !== undefined && record.ref === null;
    if (difference === null && !adopts) return [];
    return [
      {
        verb: 'setFamily',
        accountId,
        recordId: record.id,
        ref: adopts ? ref : null,
        ...(difference ?? { before: {}, after: {} }),
        emptied: cell === undefined,
      },
    ];
  });
  const added = [...cellOf]
    .filter(([ref]) => !taken.has(ref))
    .map(([ref, cell]): FamilyChange => {
      const after = { ...markOf(cell, settings, currency), asOf };
      return { verb: 'addFamily', accountId, ref, currency: currency?.iso ?? null, after };
    });
  return [...changes, ...added];
}

/** Most money first, then most revenue, then by name; what people wrote on comes beyond the number to keep. */
function wantedCells(potential: Potential, standing: readonly StandingFamily[], keep: number): PotentialCell[] {
  const worded = new Set(standing.filter(({ hasWord }) => hasWord).map(({ means }) => means));
  const ranked = [...potential.cells, ...potential.settled].toSorted(
    (a, b) => b.amount - a.amount || ownIn(b.why) - ownIn(a.why) || (a.family < b.family ? -1 : 1),
  );
  return ranked.filter(({ family }, rank) => rank < keep || worded.has(family));
}

/** Records of the worker's own come before those that people created, then by id. */
const inOrder = (standing: readonly StandingFamily[]): StandingFamily[] =>
  standing.toSorted((a, b) => Number(a.ref === null) - Number(b.ref === null) || (a.id < b.id ? -1 : 1));

function markOf(cell: PotentialCell, settings: Settings, currency: OwnCurrency): Omit<FamilyMark, 'asOf'> {
  const { why } = cell;
  const mark: Omit<FamilyMark, 'asOf'> = {
    family: cell.family,
    ...noParts,
    ...partsOf(why),
    expected: cell.amount,
    low: cell.range.low,
    high: cell.range.high,
    pipeline: cell.pipeline,
    own: ownIn(why),
    source: cell.source,
    confidence: rounded(cell.confidence),
    why: familyText(cell, settings),
  };
  for (const figure of moneyFigures) mark[figure] = inCurrency(mark[figure], currency);
  return mark;
}

/** What stands in the record's currency; the text beside it speaks of the corporate one. */
const moneyFigures = ['whitespace', 'volume', 'value', 'expected', 'low', 'high', 'pipeline', 'own'] as const;

/** What the expected amount is made of. */
function partsOf(why: PotentialWhy): Partial<FamilyMark> {
  switch (why.is) {
    case 'whitespace':
      return { whitespace: why.spend, probability: rounded(why.probability) };
    case 'bought':
      return { volume: why.volume, value: isKnown(why.value) ? why.value : null };
    case 'stated':
      return { volume: why.gap };
    case 'closed':
      return { volume: 0 };
  }
}

const noParts = { whitespace: null, probability: null, volume: null, value: null };

const emptyMark: Omit<FamilyMark, 'asOf' | 'family'> = {
  ...noParts,
  expected: null,
  low: null,
  high: null,
  pipeline: null,
  own: null,
  source: null,
  confidence: null,
  why: null,
};

const figures = [
  'family',
  'whitespace',
  'probability',
  'volume',
  'value',
  'expected',
  'low',
  'high',
  'pipeline',
  'own',
  'source',
  'confidence',
  'why',
] as const satisfies readonly (keyof FamilyMark)[];

function differenceOf(
  stands: FamilyMark,
  fresh: Omit<FamilyMark, 'asOf'>,
  asOf: IsoDate,
): { before: Partial<FamilyMark>; after: Partial<FamilyMark> } | null {
  const changed = figures.filter((figure) => stands[figure] !== fresh[figure]);
  if (changed.length === 0) return null;
  const pick = (mark: Omit<FamilyMark, 'asOf'>): Partial<FamilyMark> =>
    Object.fromEntries(changed.map((figure) => [figure, mark[figure]]));
  const moves = stands.asOf !== asOf;
  return {
    before: { ...pick(stands), ...(moves ? { asOf: stands.asOf } : {}) },
    after: { ...pick(fresh), ...(moves ? { asOf } : {}) },
  };
}

const rounded = (share: Fraction): Fraction => Number(share.toFixed(4));
