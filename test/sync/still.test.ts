/** A programme that holds still, told night by night in an org: hysteresis, moves that wait, a minimum stay, and a manager without room. */
import { expect, test } from 'vitest';
import { withSmallOrg, type SmallBook, type SmallOrg } from '../support/smallOrg.js';
import { margins, roundAnchors } from './machineBuilders.js';

/** Three customers buy pumps only; nine others also buy what these don't, and say how much that could be. */
const pumpBuyers = ['Adler', 'Bergmann', 'Cramer'];
const others = ['Ebert', 'Funk', 'Gross', 'Haas', 'Ihle', 'Jung', 'Kern', 'Lenz', 'Marx'];
const baskets: Record<string, Record<string, string>> = {
  ...Object.fromEntries(pumpBuyers.map((name) => [name, { Pumps: '100000.00' }])),
  ...Object.fromEntries(others.map((name) => [name, { Pumps: '60000.00', Valves: '30000.00', Service: '10000.00' }])),
};
const book: SmallBook = {
  accounts: Object.keys(baskets).map((name) => ({ name, industry: 'Machinery', employees: 100, country: 'Germany' })),
  sales: Object.entries(baskets).flatMap(([name, basket]) =>
    ['2024', '2025', '2026'].flatMap((year) =>
      Object.entries(basket).map(([family, amount]) => [name, `${year}-10-15`, family, amount] as const),
    ),
  ),
};
/** Pump buyers score 46.85, and 40 must be exceeded; of twelve customers in the funnel one may move in a quarter. */
const admin = {
  settings: {
    ...roundAnchors,
    'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Capacity_Per_Manager__c: '1' },
  },
  families: margins,
};

/** Says that a customer needs no valves and no service from anybody, or takes that back. */
async function needsNothing(org: SmallOrg, name: string, isSo: boolean): Promise<void> {
  for (const family of ['Valves', 'Service']) {
    await org.enterOnFamily(name, family, {
      Stated_Wallet__c: isSo ? 0 : null,
      Stated_On__c: isSo ? '2026-10-20' : null,
      Stated_Source__c: isSo ? 'Customer in Writing' : null,
    });
  }
}

const full = 'The place is kept until 1 Jan 2027: as many customers as a quarter allows have moved already.';
const noManager = 'Waiting: no capacity with the key account manager.';

test('one falls, one waits for the quarter, comes back, is held for its stay; a third finds no room', () =>
  withSmallOrg(book, admin, async (org) => {
    const night = async (day: string) => {
      await org.moveClock(`${day}T20:00:00Z`);
      const { notes, outcome } = await org.sync();
      return { outcome: outcome.is, notes: notes.map(({ is, count }) => [is, count]) };
    };
    const stands = async (name: string) => {
      const account = await org.account(name, ['KAM_Tier__c', 'KAM_Gate__c', 'KAM_Tier_Since__c', 'KAM_Reasons__c']);
      const [first] = String(account['KAM_Reasons__c']).split('\n');
      return [account['KAM_Tier__c'], account['KAM_Gate__c'], account['KAM_Tier_Since__c'], first];
    };
    const score = 'Score 46.85 exceeds 40';
    const fell = 'Score 26.35 does not exceed 40';
    const quiet = { outcome: 'done', notes: [] };

    for (const name of ['Adler', 'Bergmann']) await org.enter(name, { KAM_Lighthouse__c: 3 });
    expect(await night('2026-11-24')).toEqual(quiet);
    expect(await stands('Bergmann')).toEqual(['Candidate', 'Ask', null, expect.stringContaining(score)]);

    // Both will never buy more. Both are equally far below the line: one may leave, the other waits for January.
    for (const name of ['Adler', 'Bergmann']) await needsNothing(org, name, true);
    expect(await night('2026-11-25')).toEqual({ outcome: 'done', notes: [['moveWaits', 1]] });
    expect(await stands('Adler')).toEqual(['Standard', 'Score', '2026-11-25', expect.stringContaining(fell)]);
    expect(await stands('Bergmann')).toEqual(['Candidate', 'Ask', null, full]);
    expect(await night('2026-11-26')).toEqual({ outcome: 'nothingToDo', notes: [['moveWaits', 1]] });
    expect(await org.whatIf(['score.threshold=41'])).toMatchObject({
      moves: { enters: 0, leaves: 0 },
      after: { held: { hysteresis: 0, stay: 0, moves: 1, waits: 0 } },
    });

    // January: Bergmann leaves, and comes back with his figures; he is this quarter's one. Now Adler has to wait outside.
    expect(await night('2027-01-02')).toEqual(quiet);
    expect(await stands('Bergmann')).toEqual(['Standard', 'Score', '2027-01-02', expect.stringContaining(fell)]);
    for (const name of ['Adler', 'Bergmann']) await needsNothing(org, name, false);
    expect(await night('2027-01-03')).toEqual({ outcome: 'done', notes: [['moveWaits', 1]] });
    expect(await stands('Bergmann')).toEqual(['Candidate', 'Ask', '2027-01-03', expect.stringContaining(score)]);
    expect(await stands('Adler')).toEqual([
      'Standard',
      'Score',
      '2026-11-25',
      'Waiting until 1 Apr 2027: the figures are enough for a candidate, but as many customers as a quarter allows have moved already.',
    ]);

    // February: his figures fall again, but he is a candidate for three months.
    await needsNothing(org, 'Bergmann', true);
    await night('2027-02-05');
    expect(await stands('Bergmann')).toEqual([
      'Candidate',
      'Ask',
      '2027-01-03',
      'The place is kept until 3 Apr 2027, the minimum stay, although the figures no longer carry it.',
    ]);

    // April: Adler is in. Cramer is rated, so people move him, which needs no quarter; but Adler's manager has no room for both.
    const [user] = await org.client.query('SELECT Id FROM User WHERE IsActive = true ORDER BY Id LIMIT 1');
    for (const name of ['Adler', 'Cramer']) await org.enter(name, { KAM_Manager__c: user?.['Id'] });
    await org.enter('Cramer', { KAM_Lighthouse__c: 3 });
    expect(await night('2027-04-02')).toEqual(quiet);
    expect(await stands('Adler')).toEqual(['Candidate', 'Ask', '2027-04-02', expect.stringContaining(score)]);
    expect(await stands('Cramer')).toEqual(['Standard', 'Score', null, noManager]);
    expect(await org.account('Cramer', ['KAM_Next_Step__c'])).toEqual({
      KAM_Next_Step__c: 'Do not ask yet: find a key account manager who has room for this customer.',
    });

    // The day after, Bergmann's stay is over; Adler is this quarter's one, so he waits for July. Cramer gets another manager.
    await org.enter('Cramer', { KAM_Manager__c: null, KAM_Evidence__c: 'Trade fair' });
    expect(await night('2027-04-03')).toEqual({ outcome: 'done', notes: [['moveWaits', 1]] });
    expect(await stands('Bergmann')).toEqual(['Candidate', 'Ask', '2027-01-03', full.replace('1 Jan', '1 Jul')]);
    expect(await stands('Cramer')).toEqual(['Candidate', 'Ask', '2027-04-03', expect.stringContaining(score)]);
  }));
