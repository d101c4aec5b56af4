/** Plans, people at the customer and joint projects, from the org through a sync to what explain shows. */
import { describe, expect, test } from 'vitest';
import { argumentLines } from '../../src/report/argument.js';
import { unknown } from '../../src/kam/unknown.js';
import { withSmallOrg, type SmallBook, type SmallOrg } from '../support/smallOrg.js';

/** Two sites and a stranger. */
const book: SmallBook = {
  accounts: [{ name: 'Root' }, { name: 'Site', parent: 'Root' }, { name: 'Other' }],
  sales: [
    ['Root', '2026-02-10', 'Pumps', '300'],
    ['Root', '2025-02-10', 'Pumps', '900'],
    ['Site', '2026-03-10', 'Pumps', '100'],
    ['Other', '2026-03-10', 'Pumps', '100'],
  ],
};

const screen = { width: 200, styled: false };
const idOf = async (org: SmallOrg, name: string): Promise<string> => String((await org.account(name, ['Id']))['Id']);
const create = async (org: SmallOrg, object: string, fields: object): Promise<string> => {
  const made: unknown = await org.client.send('POST', `sobjects/${object}`, fields);
  return typeof made === 'object' && made !== null && 'id' in made
    ? String(made.id)
    : expect.fail(`No ${object} was made.`);
};
const deal = { StageName: 'Closed Won', CloseDate: '2026-04-01', Amount: 10 };

const contacts = async (org: SmallOrg): Promise<{ buyer: string; board: string }> => {
  const buyer = await create(org, 'Contact', {
    AccountId: await idOf(org, 'Root'),
    LastName: 'Adler',
    KAM_Function__c: 'Purchasing',
    KAM_Level__c: 'Head',
    KAM_Role__c: 'Decision Maker',
  });
  const board = await create(org, 'Contact', {
    AccountId: await idOf(org, 'Site'),
    LastName: 'Bauer',
    KAM_Function__c: 'R&D',
    KAM_Level__c: 'Board',
  });
  return { buyer, board };
};

const linesOf = async (org: SmallOrg, account: string): Promise<string> =>
  argumentLines(await org.explain(account), screen).join('\n');

describe('the care of a group', () => {
  test('is its annual plan, the people at the customer and the joint projects, and what is below zero counts for nothing', () =>
    withSmallOrg(book, {}, async (org) => {
      await org.enterOnFamily('Root', 'Pumps', {
        Target__c: 400,
        Target_Year__c: 2026,
        Next_Step__c: 'Visit the plant',
        Stated_Wallet__c: 1000,
        Stated_On__c: '2026-10-01',
      });
      await org.enterOnFamily('Site', 'Drives', { Served_By__c: 'Competitor', Competitor__c: 'Rival AG' });
      await org.enterOnFamily('Other', 'Pumps', { Target__c: -400, Target_Year__c: 2026 });
      const { buyer } = await contacts(org);
      const [AccountId, other] = [await idOf(org, 'Site'), await idOf(org, 'Other')];
      const saving = { KAM_Project_Area__c: 'Logistics', KAM_Customer_Saving__c: 12_000 };
      const kanban = await create(org, 'Opportunity', { ...deal, ...saving, AccountId, Name: 'Kanban' });
      await create(org, 'Opportunity', {
        AccountId,
        Name: 'Remote Service',
        StageName: 'Prospecting',
        CloseDate: '2027-04-01',
        KAM_Project_Area__c: 'IT',
      });
      await create(org, 'Opportunity', {
        ...deal,
        ...saving,
        AccountId: other,
        Name: 'Backwards',
        KAM_Customer_Saving__c: -1,
      });
      const { notes } = await org.sync();
      expect(notes.map(({ is, count }) => [is, count])).toEqual([
        ['noLineItems', 2],
        ['savingNegative', 1],
        ['targetNegative', 1],
        ['walletUnsourced', 1],
      ]);
      expect((await org.explain('Other')).care).toMatchObject({
        plan: { years: [] },
        work: { saving: unknown('noSaving') },
      });

      const { care, run } = await org.explain('Site');
      expect(run.asOf).toBe('2026-10-31');
      expect(care.plan.years).toMatchObject([{ year: 2026, target: 400_00, actual: 300_00, achieved: 0.75 }]);
      expect(care.plan.cells.map(({ site, family, state }) => `${site} ${family} ${state}`)).toEqual([
        'Root Pumps ours',
        'Root Drives unknown',
        'Site Pumps ours',
        'Site Drives competitor',
      ]);
      expect(care.plan).toMatchObject({ ours: 2, sellable: 4, penetration: 0.5 });
      // Root buys 300 + 900 in two years, 600 a year, of the 1,000 that it needs.
      expect(care.plan.walletShare).toBeCloseTo(0.6);
      expect(care.coverage).toMatchObject({
        contacts: 2,
        recent: 0,
        functions: ['purchasing', 'research'],
        levels: ['board', 'head'],
        roles: ['decisionMaker'],
        lastOn: null,
        team: null,
      });
      // Three sales of the last 24 months and the project: one of four.
      expect(care.work).toMatchObject({ won: 4, joint: 1, share: 0.25, saving: 12_000_00, isTalkDue: false });
      const before = await linesOf(org, 'Root');
      expect(before).toContain('2 of 4 cells are ours (50 %); 1 served by competitors');
      expect(before).toContain('2026: 300.00 of 400.00 (75 %), with 83.3 % of the year over.');
      expect(before).toContain('- Pumps at Root: 400.00 in 2026; Visit the plant');
      expect(before).toContain('1 of 4 won opportunities are joint projects (25 %).');
      expect(before).toContain('- Remote Service (IT, running)');
      expect(before).toContain('- Kanban (logistics, won, saves 12,000.00 a year)');

      await create(org, 'Task', { Subject: 'Call', WhoId: buyer, Status: 'Completed', ActivityDate: '2026-10-20' });
      await org.client.send('PATCH', `sobjects/Opportunity/${kanban}`, { KAM_Project_Area__c: null });
      await org.sync();
      const { coverage, work } = (await org.explain('Root')).care;
      expect(coverage).toMatchObject({ recent: 1, lastOn: '2026-10-20' });
      expect(coverage?.gaps.map(({ is }) => is)).toEqual(['contacts', 'functions', 'role', 'role']);
      expect(work).toMatchObject({ won: 4, joint: 0, saving: unknown('noSaving') });
      const after = await linesOf(org, 'Root');
      expect(after).toContain(
        '2 contacts, 1 of them lately active: purchasing, R&D, board, heads of department, decision maker.',
      );
      expect(after).toContain(
        '! 2 of 3 functions; ask for access to management, production, logistics, IT, administration, quality, sales.',
      );
      expect(after).not.toMatch(/Adler|Bauer/);
    }));

  test('leaves out who left an account, has who is related to it, counts the team, and marks projects as the admin does', () =>
    withSmallOrg(
      book,
      {
        features: ['ContactsToMultipleAccounts', 'AccountTeams'],
        settings: {
          'KAM_Settings.Default': { Project_Opportunity_Field__c: 'Type', Project_Opportunity_Value__c: "Joint 'P'" },
        },
      },
      async (org) => {
        const [root, site] = [await idOf(org, 'Root'), await idOf(org, 'Site')];
        const { buyer, board } = await contacts(org);
        const [direct] = await org.client.query(`SELECT Id FROM AccountContactRelation WHERE ContactId = '${buyer}'`);
        const isActive = (is: boolean): Promise<unknown> =>
          org.client.send('PATCH', `sobjects/AccountContactRelation/${String(direct?.['Id'])}`, { IsActive: is });
        await isActive(false);
        await create(org, 'AccountContactRelation', { AccountId: await idOf(org, 'Other'), ContactId: board });
        const [user] = await org.client.query('SELECT Id FROM User LIMIT 1');
        const member = { UserId: String(user?.['Id']), TeamMemberRole: 'Account Manager' };
        for (const AccountId of [root, site]) await create(org, 'AccountTeamMember', { ...member, AccountId });
        await create(org, 'Opportunity', { ...deal, AccountId: root, Name: 'Joint', Type: "Joint 'P'" });
        await create(org, 'Opportunity', { ...deal, AccountId: root, Name: 'Plain', Type: 'New Business' });
        await org.sync();
        const { care } = await org.explain('Root');
        expect(care.coverage).toMatchObject({ contacts: 1, functions: ['research'], team: 1 });
        expect((await org.explain('Other')).care.coverage).toMatchObject({ contacts: 1, team: 0 });
        expect(care.work.projects.map(({ name, area }) => [name, area])).toEqual([['Joint', null]]);
        expect(care.work.saving).toEqual(unknown('noSaving'));
        await isActive(true);
        await org.sync();
        expect((await org.explain('Root')).care.coverage).toMatchObject({ contacts: 2 });
      },
    ));

  test('stops a run before anything is read where the field that marks projects is none', () =>
    withSmallOrg(
      book,
      { settings: { 'KAM_Settings.Default': { Project_Opportunity_Field__c: 'Kind__c' } } },
      async (org) => {
        await expect(org.sync()).rejects.toThrow(
          '“Kind__c” in KAM_Settings.Default (Project_Opportunity_Field__c): expected a field of Opportunity that this user can read.',
        );
      },
    ));
});

describe('the conversation sheet', () => {
  test('has what the admin offers, what both sides promised and what joint projects save, in the language of the org', () =>
    withSmallOrg(
      book,
      {
        settings: {
          'KAM_Settings.Default': { Language__c: 'de', Currency__c: 'EUR' },
          'KAM_Service.Early_Access': { Active__c: 'false' },
          'KAM_Service.Priority': { Name_De__c: null, Rank__c: '1' },
          'KAM_Service.Account_Team': { Rank__c: null },
        },
      },
      async (org) => {
        const buyer = await org.contact('Site', 'Bauer');
        await org.agree(
          'Root',
          {
            State__c: 'Accepted',
            Wants_Care__c: 'Yes',
            In_Return__c: 'Doors',
            Asked_On__c: '2026-06-01',
            Answered_On__c: '2026-07-01',
          },
          [
            { Side__c: 'Get', Type__c: 'Access to Sites', Their_Owner__c: buyer, Due_On__c: '2026-11-01' },
            { Side__c: 'Give', Service__c: 'Joint_Planning', Due_On__c: '2027-01-31' },
          ],
        );
        await create(org, 'Opportunity', {
          ...deal,
          AccountId: await idOf(org, 'Site'),
          Name: 'Kanban',
          KAM_Project_Area__c: 'Logistics',
          KAM_Customer_Saving__c: 12_000,
        });
        await org.sync();
        const page = await org.sheet('Site');
        expect([...page.matchAll(/<li><b>(.*?)<\/b>/g)].map(([, name]) => name)).toEqual([
          'Priority when it matters',
          'Gemeinsame Jahresplanung',
          'Einsparungen entlang der Wertschöpfung',
          'Ein eigenes Team',
        ]);
        const rows = [...page.matchAll(/<tr><td>(.*?)<\/td><\/tr>/g)].map(([, row]) => row?.split('</td><td>'));
        expect(rows).toEqual([
          ['Ihnen', 'Zugang zu Standorten', 'Bauer', '01.11.2026', 'überfällig'],
          ['uns', 'Gemeinsame Jahresplanung', '', '31.01.2027', 'offen'],
          ['Kanban', 'Logistik', 'vereinbart', '12.000\u00A0€'],
        ]);
        expect(page).toContain('Unsere gemeinsamen Projekte sparen Ihnen 12.000\u00A0€ im Jahr.');
        // One of three promises is made, and eight kinds are left.
        expect(page.match(/class="what"/g)).toHaveLength(6);
        expect(await org.sheet('Root', 'en')).toContain('Our joint projects save you €12,000 a year.');
      },
    ));
});
