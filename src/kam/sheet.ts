/** The conversation sheet: what is said to a customer who is asked for the give and get of key account care. */
import sumBy from 'lodash/sumBy.js';
import { commitmentTypes, isAccess, type Agreement, type AgreementGap, type CommitmentType } from './agreement.js';
import type { ContactFunction, Coverage } from './coverage.js';
import type { GroupFacts } from './facts.js';
import type { PenetrationPlan } from './penetration.js';
import type { JointProject, ProjectWork } from './projects.js';
import type { Settings } from './settings.js';
import type { Cents, IsoDate } from './units.js';
import { isKnown } from './unknown.js';

/** What key accounts get and others don't, as the admin wrote it; a language may be missing. */
export type Benefit = {
  /** Give-commitments refer to it. */
  key: string;
  name: Record<Settings['language'], string | null>;
  text: Record<Settings['language'], string | null>;
};

/** Why this customer: only what he knows himself, or hears gladly. */
export type SheetReason =
  /** Mean of so many years, which the customer can read from our invoices. */
  | { is: 'purchases'; yearly: Cents; years: number }
  | { is: 'families'; count: number; largest: { family: string; yearly: Cents }[] }
  | { is: 'presence'; sites: number; countries: number | null }
  | { is: 'reference' }
  | { is: 'opinionLeader' }
  | { is: 'saving'; yearly: Cents }
  /** Families that he could buy from us and does not, most promising first, without an amount: that is our guess. */
  | { is: 'couldAlso'; families: string[] };

/** Something that we ask the customer to give. */
export type SheetAsk = {
  type: CommitmentType;
  isAccess: boolean;
  /** For access to people: where in his house we know nobody. */
  functions: ContactFunction[];
};

export type SheetLine = {
  side: 'give' | 'get';
  what: string | null;
  /** What a give promises, where it stands in the catalogue. */
  benefit: Benefit | null;
  type: CommitmentType | null;
  /** Who keeps it at the customer's; our own people are not named. */
  theirOwner: string | null;
  dueOn: IsoDate | null;
  state: 'done' | 'late' | 'open';
};

export type SheetQuestion =
  /** The two questions of step 3. */
  | { is: 'wantsCare' }
  | { is: 'inReturn' }
  | { is: 'wallets'; families: string[] }
  | { is: 'functions'; functions: ContactFunction[] }
  | { is: 'decisionMaker' }
  | { is: 'reference' }
  | { is: 'opinionLeader' }
  | { is: 'trust' };

export type Sheet = {
  name: string;
  /** Figures stand as of this day, promises by `today`. */
  asOf: IsoDate;
  today: IsoDate;
  reasons: SheetReason[];
  benefits: Benefit[];
  /** What is not promised yet; empty where the agreement has all that it needs. */
  asks: SheetAsk[];
  minimum: { gets: number; access: number };
  /** Promises that are there, but without a person or a date. */
  unfinished: Extract<AgreementGap, { is: 'withoutPerson' | 'withoutDate' }>[];
  ledger: SheetLine[];
  projects: Pick<JointProject, 'name' | 'area' | 'saving' | 'state'>[];
  questions: SheetQuestion[];
};

/** All that the sheet is made of; no margin, risk, score or confidence comes in, so none can get out. */
export type SheetSource = {
  facts: Pick<
    GroupFacts,
    'name' | 'asOf' | 'today' | 'windows' | 'yearlyRevenue' | 'countries' | 'sites' | 'ratings' | 'trust' | 'answer'
  >;
  agreement: Agreement | null;
  plan: Pick<PenetrationPlan, 'families' | 'cells'>;
  /** Families with something to win by cross-selling, most first. */
  promising: readonly string[];
  coverage: Pick<Coverage, 'gaps'> | null;
  work: Pick<ProjectWork, 'projects' | 'saving'>;
  benefits: readonly Benefit[];
  minimum: { gets: number; access: number };
};

/**
 * What goes on the sheet, in full; the page shows as much of it as one sheet of paper holds.
 *
 * Shape:  reasons, asks and questions in the order in which they are said.
 * Units:  cents per year.
 * Errors: none. What is unknown is no reason, and becomes a question where the customer can answer it.
 * Source: Milz 2022, step 3 (“do ut des”); the choice of reasons and questions is ours.
 */
export function conversationSheet(source: SheetSource): Sheet {
  const { facts, agreement, benefits, minimum, work } = source;
  const { answer } = facts;
  const gaps = answer.is === 'accepted' ? answer.missing : null;
  return {
    name: facts.name,
    asOf: facts.asOf,
    today: facts.today,
    reasons: reasonsIn(source),
    benefits: [...benefits],
    asks: gaps?.length === 0 ? [] : asksIn(source),
    minimum,
    unfinished: (gaps ?? []).filter((gap) => gap.is === 'withoutPerson' || gap.is === 'withoutDate'),
    ledger: agreement === null ? [] : ledgerOf(agreement, benefits, facts.today),
    projects: work.projects.map(({ name, area, saving, state }) => ({ name, area, saving, state })),
    questions: questionsIn(source),
  };
}

/** Ratings of 2 and 3 are compliments; lower ones are not for the customer's eyes. */
const isPraise = (rating: GroupFacts['ratings']['opinionLeader']): boolean => isKnown(rating) && rating >= 2;

function reasonsIn({ facts, plan, promising, work }: SheetSource): SheetReason[] {
  const { windows, yearlyRevenue, sites, countries, ratings } = facts;
  const bought = plan.families
    .map((family) => ({
      family,
      yearly: sumBy(
        plan.cells.filter((cell) => cell.family === family),
        'own',
      ),
    }))
    .filter(({ yearly }) => yearly > 0);
  const others = promising.filter((family) => !bought.some((each) => each.family === family));
  return [
    ...(isKnown(yearlyRevenue) && yearlyRevenue > 0
      ? [{ is: 'purchases', yearly: yearlyRevenue, years: windows.length } as const]
      : []),
    ...(bought.length > 0 ? [{ is: 'families', count: bought.length, largest: bought } as const] : []),
    ...(sites > 1 ? [{ is: 'presence', sites, countries: isKnown(countries) ? countries : null } as const] : []),
    ...(isKnown(work.saving) && work.saving > 0 ? [{ is: 'saving', yearly: work.saving } as const] : []),
    ...(isPraise(ratings.referenceCustomer) ? [{ is: 'reference' } as const] : []),
    ...(isPraise(ratings.opinionLeader) ? [{ is: 'opinionLeader' } as const] : []),
    ...(others.length > 0 ? [{ is: 'couldAlso', families: others } as const] : []),
  ];
}

/** What nobody has promised yet, access first. */
function asksIn({ agreement, coverage }: SheetSource): SheetAsk[] {
  const promised = (agreement?.commitments ?? []).filter(({ side }) => side === 'get').map(({ type }) => type);
  return commitmentTypes
    .filter((type) => !promised.includes(type))
    .map((type) => ({
      type,
      isAccess: isAccess(type),
      functions: type === 'accessToPeople' ? missingFunctions(coverage) : [],
    }));
}

const missingFunctions = (coverage: SheetSource['coverage']): ContactFunction[] =>
  (coverage?.gaps ?? []).flatMap((gap) => (gap.is === 'functions' ? gap.missing : []));

/** What is late first, then what is open by its day, then what is done. */
function ledgerOf({ commitments }: Agreement, benefits: readonly Benefit[], today: IsoDate): SheetLine[] {
  const rank = { late: 0, open: 1, done: 2 } as const;
  return commitments
    .map(({ side, what, service, type, theirOwner, dueOn, doneOn }): SheetLine => {
      const benefit = benefits.find((each) => isNamed(each, service)) ?? null;
      const isDone = doneOn !== null && doneOn <= today;
      const isLate = dueOn !== null && dueOn < today;
      return {
        side,
        what: what ?? (benefit === null ? service : null),
        benefit,
        type,
        theirOwner,
        dueOn,
        state: isDone ? 'done' : isLate ? 'late' : 'open',
      };
    })
    .toSorted((a, b) => rank[a.state] - rank[b.state] || ((a.dueOn ?? LAST) < (b.dueOn ?? LAST) ? -1 : 1));
}

const LAST = '9999-12-31';

/** People enter the name of the record, or what customers read. */
function isNamed({ key, name }: Benefit, service: string | null): boolean {
  const asked = service?.trim().toLowerCase();
  return [key, name.en, name.de].some((each) => each !== null && each.toLowerCase() === asked);
}

function questionsIn({ facts, plan, promising, coverage }: SheetSource): SheetQuestion[] {
  const { ratings, trust, answer } = facts;
  const stated = new Set(plan.cells.filter(({ wallet }) => wallet !== null).map(({ family }) => family));
  const closed = new Set(plan.families.filter((family) => isClosed(plan, family)));
  const unstated = [...new Set([...promising, ...plan.families])].filter(
    (family) => !stated.has(family) && !closed.has(family),
  );
  const functions = missingFunctions(coverage);
  const lacksDecider = coverage?.gaps.some((gap) => gap.is === 'role' && gap.role === 'decisionMaker') === true;
  return [
    ...(answer.is === 'accepted' ? [] : [{ is: 'wantsCare' } as const, { is: 'inReturn' } as const]),
    ...(unstated.length > 0 ? [{ is: 'wallets', families: unstated } as const] : []),
    ...(functions.length > 0 ? [{ is: 'functions', functions } as const] : []),
    ...(lacksDecider ? [{ is: 'decisionMaker' } as const] : []),
    ...(isKnown(ratings.referenceCustomer) ? [] : [{ is: 'reference' } as const]),
    ...(isKnown(ratings.opinionLeader) ? [] : [{ is: 'opinionLeader' } as const]),
    ...(trust === null ? [{ is: 'trust' } as const] : []),
  ];
}

/** A family that no site needs is nothing to ask about. */
const isClosed = ({ cells }: SheetSource['plan'], family: string): boolean =>
  cells.filter((cell) => cell.family === family).every(({ state }) => state === 'notNeeded');
