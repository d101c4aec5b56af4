/** What is said to a customer, and what is kept from him. */
import { describe, expect, test } from 'vitest';
import type { Agreement, Commitment } from '../../src/kam/agreement.js';
import { contactFunctions } from '../../src/kam/coverage.js';
import type { PlanCell } from '../../src/kam/penetration.js';
import { conversationSheet, type Sheet, type SheetSource } from '../../src/kam/sheet.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, aGroup, euros } from '../support/builders.js';

const aCell = (changes: Partial<PlanCell> = {}): PlanCell => ({
  accountId: accountId(1),
  site: 'Alpha',
  family: 'Pumps',
  state: 'ours',
  own: euros(40_000),
  wallet: null,
  pipeline: 0,
  servedBy: null,
  competitor: null,
  aim: null,
  ...changes,
});

const aGet = (changes: Partial<Commitment> = {}): Commitment => ({
  id: 'C1',
  side: 'get',
  type: 'accessToSites',
  ourOwner: 'Owner',
  theirOwner: 'Buyer',
  dueOn: '2027-01-31',
  doneOn: null,
  what: null,
  service: null,
  ...changes,
});

const anAgreement = (commitments: Commitment[]): Agreement => ({
  id: 'G1',
  accountId: accountId(1),
  state: 'accepted',
  askedOn: '2026-06-01',
  answeredOn: '2026-07-01',
  wantsCare: true,
  inReturn: null,
  declineReason: null,
  reaskOn: null,
  reviewOn: null,
  commitments,
});

const team = {
  key: 'Account_Team',
  name: { en: 'A team of your own', de: 'Ein eigenes Team' },
  text: { en: null, de: null },
};

/** A customer of one site that buys Pumps, was never asked, and of whom nobody rated anything. */
const sheetOf = ({
  facts = {},
  ...changes
}: Partial<Omit<SheetSource, 'facts'>> & { facts?: Partial<SheetSource['facts']> } = {}): Sheet =>
  conversationSheet({
    facts: { ...aGroup({ sites: 1 }), ...facts },
    agreement: null,
    plan: { families: ['Pumps'], cells: [aCell()] },
    promising: [],
    coverage: null,
    work: { projects: [], saving: unknown('noSaving') },
    benefits: [team],
    minimum: { gets: 3, access: 1 },
    ...changes,
  });
const reasons = (sheet: Sheet): string[] => sheet.reasons.map(({ is }) => is);
const questions = (sheet: Sheet): string[] => sheet.questions.map(({ is }) => is);

describe('why you', () => {
  test('is what the customer buys, as he can read it from invoices: 100,000 a year, 40,000 of it Pumps', () => {
    expect(sheetOf().reasons).toEqual([
      { is: 'purchases', yearly: euros(100_000), years: 3 },
      { is: 'families', count: 1, largest: [{ family: 'Pumps', yearly: euros(40_000) }] },
    ]);
  });

  test('adds a family up over sites: 40,000 and 10,000 are 50,000', () => {
    const cells = [aCell(), aCell({ accountId: accountId(2), own: euros(10_000) })];
    expect(sheetOf({ plan: { families: ['Pumps'], cells } }).reasons).toContainEqual({
      is: 'families',
      count: 1,
      largest: [{ family: 'Pumps', yearly: euros(50_000) }],
    });
  });

  test('leaves out what is unknown, and never says zero', () => {
    const sheet = sheetOf({
      facts: { yearlyRevenue: unknown('noSales'), windows: [], countries: unknown('noCountry'), sites: 2 },
      plan: { families: [], cells: [] },
    });
    expect(sheet.reasons).toEqual([{ is: 'presence', sites: 2, countries: null }]);
  });

  test.each([
    [3, ['reference', 'opinionLeader']],
    [2, ['reference', 'opinionLeader']],
    [1, []],
    [0, []],
  ] as const)('says a rating of %i only where it is a compliment: %j', (rating, praise) => {
    const sheet = sheetOf({ facts: { ratings: { referenceCustomer: rating, opinionLeader: rating } } });
    expect(reasons(sheet).slice(2)).toEqual(praise);
  });

  test('names what he could buy besides, without an amount, and nothing that any of his sites buys', () => {
    expect(sheetOf({ promising: ['Pumps', 'Service', 'Drives'] }).reasons.at(-1)).toEqual({
      is: 'couldAlso',
      families: ['Service', 'Drives'],
    });
  });

  test('tells what joint projects save him', () => {
    expect(sheetOf({ work: { projects: [], saving: euros(12_000) } }).reasons).toContainEqual({
      is: 'saving',
      yearly: euros(12_000),
    });
  });
});

describe('what we ask', () => {
  test('is all nine kinds of commitment before the first promise, access first', () => {
    expect(sheetOf().asks.map(({ type, isAccess }) => `${type} ${isAccess}`)).toEqual([
      'accessToCountries true',
      'accessToSites true',
      'accessToPeople true',
      'jointStrategy false',
      'jointMarketing false',
      'development false',
      'volume false',
      'earlyProduct false',
      'dataTransparency false',
    ]);
  });

  test('is only what is not promised yet, and says which functions we do not know', () => {
    const sheet = sheetOf({
      agreement: anAgreement([aGet()]),
      facts: {
        answer: {
          is: 'accepted',
          on: '2026-07-01',
          missing: [
            { is: 'gets', has: 1, needs: 3 },
            { is: 'withoutDate', count: 1 },
          ],
        },
      },
      coverage: { gaps: [{ is: 'functions', has: 1, needs: 2, missing: ['logistics', 'it'] }] },
    });
    expect(sheet.asks).toHaveLength(8);
    expect(sheet.asks.map(({ type }) => type)).not.toContain('accessToSites');
    expect(sheet.asks.find(({ type }) => type === 'accessToPeople')?.functions).toEqual(['logistics', 'it']);
    expect(sheet.unfinished).toEqual([{ is: 'withoutDate', count: 1 }]);
  });

  test('is nothing once the agreement has all that it needs', () => {
    expect(sheetOf({ facts: { answer: { is: 'accepted', on: null, missing: [] } } }).asks).toEqual([]);
  });
});

describe('the ledger', () => {
  test('has late promises first, of both sides, and goes by the day of the run', () => {
    const { ledger } = sheetOf({
      agreement: anAgreement([
        aGet({ dueOn: '2026-12-31' }),
        aGet({ side: 'give', dueOn: '2026-11-23', what: 'Remote service' }),
        aGet({ dueOn: '2026-10-01', doneOn: '2026-09-30' }),
        aGet({ dueOn: null }),
      ]),
    });
    expect(ledger.map(({ side, dueOn, state }) => [side, dueOn, state])).toEqual([
      ['give', '2026-11-23', 'late'],
      ['get', '2026-12-31', 'open'],
      ['get', null, 'open'],
      ['get', '2026-10-01', 'done'],
    ]);
  });

  test.each(['Account_Team', 'ein eigenes team ', 'A team of your own'])('finds “%s” in the catalogue', (service) => {
    expect(sheetOf({ agreement: anAgreement([aGet({ side: 'give', service })]) }).ledger).toMatchObject([
      { what: null, benefit: { key: 'Account_Team' } },
    ]);
  });

  test('says a service that is not in the catalogue as it was written, and does not name our own people', () => {
    const { ledger } = sheetOf({ agreement: anAgreement([aGet({ side: 'give', service: 'Night shift' })]) });
    expect(ledger).toMatchObject([{ what: 'Night shift', benefit: null }]);
    expect(JSON.stringify(ledger)).not.toMatch(/ourOwner|:"Owner"/);
  });
});

describe('what we would like to know', () => {
  test('begins with the two questions of step 3 until the customer has accepted', () => {
    expect(questions(sheetOf())).toEqual(['wantsCare', 'inReturn', 'wallets', 'reference', 'opinionLeader', 'trust']);
    expect(questions(sheetOf({ facts: { answer: { is: 'accepted', on: null, missing: [] } } }))).toEqual([
      'wallets',
      'reference',
      'opinionLeader',
      'trust',
    ]);
  });

  test('asks for wallets that nobody stated, the most promising first, and not for what is not needed', () => {
    const { questions: asked } = sheetOf({
      plan: {
        families: ['Pumps', 'Valves', 'Seals'],
        cells: [
          aCell(),
          aCell({ family: 'Valves', wallet: euros(90_000) }),
          aCell({ family: 'Seals', state: 'notNeeded', own: 0 }),
        ],
      },
      promising: ['Service'],
    });
    expect(asked).toContainEqual({ is: 'wallets', families: ['Service', 'Pumps'] });
  });

  test('asks for missing functions and for who decides, and for nothing that is known', () => {
    const sheet = sheetOf({
      plan: { families: [], cells: [] },
      facts: {
        ratings: { referenceCustomer: 0, opinionLeader: 1 },
        trust: 'comesToUs',
        answer: { is: 'accepted', on: null, missing: [] },
      },
      coverage: {
        gaps: [
          { is: 'functions', has: 0, needs: 3, missing: [...contactFunctions] },
          { is: 'role', role: 'decisionMaker' },
          { is: 'role', role: 'sponsor' },
          { is: 'contacts', has: 1, needs: 5 },
        ],
      },
    });
    expect(questions(sheet)).toEqual(['functions', 'decisionMaker']);
  });
});
