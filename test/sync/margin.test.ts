/** The contribution margin from the cost of lines and of care, as it stands in the org and as explain shows it. */
import { expect, test } from 'vitest';
import { argumentLines } from '../../src/report/argument.js';
import { withSmallOrg, type SmallBook, type SmallOrg } from '../support/smallOrg.js';

/** Alpha bought for 10,000 what cost 6,000, and for 2,000 what nobody knows the cost of. */
const book: SmallBook = {
  accounts: [{ name: 'Alpha' }, { name: 'Beta' }],
  sales: [
    ['Alpha', '2026-06-15', 'Pumps', '10000.00', '6000.00'],
    ['Alpha', '2026-06-15', 'Seals', '2000.00'],
    ['Beta', '2026-06-15', 'Pumps', '500.00', '0.00'],
  ],
};

const fromLines = { Currency__c: 'EUR', Margin_Source__c: 'Line', Margin_Deduction_Share__c: '2' };
const rates = { Service_Visit_Cost__c: '350', Service_Call_Cost__c: '20.5', Service_Case_Cost__c: '100' };

async function serve(org: SmallOrg): Promise<void> {
  const [alpha] = await org.client.query("SELECT Id FROM Account WHERE Name = 'Alpha'");
  const accountId = alpha?.['Id'];
  const visit = (day: string) => ({
    WhatId: accountId,
    Subject: 'Visit',
    StartDateTime: `${day}T09:00:00.000Z`,
    EndDateTime: `${day}T10:00:00.000Z`,
  });
  for (const day of ['2026-03-01', '2026-09-01', '2024-09-01']) {
    await org.client.send('POST', 'sobjects/Event', visit(day));
  }
  const call = { WhatId: accountId, Subject: 'Call', ActivityDate: '2026-05-05', TaskSubtype: 'Call' };
  await org.client.send('POST', 'sobjects/Task', { ...call, Status: 'Completed' });
  await org.client.send('POST', 'sobjects/Task', { ...call, Status: 'Not Started' });
  await org.client.send('POST', 'sobjects/Task', { ...call, Status: 'Completed', TaskSubtype: 'Task' });
}

test('cost of lines, deductions and care make DB I and DB II, to the cent, and a second sync finds nothing to do', () =>
  withSmallOrg(
    book,
    { settings: { 'KAM_Settings.Default': { ...fromLines, ...rates } }, families: { Seals: { Margin__c: '40' } } },
    async (org) => {
      await serve(org);
      await org.sync();
      // 12,000 − 6,000 − 60 % of 2,000 = 4,800; less 2 % of 12,000; less two visits and one call.
      const second = 12_000 - 6_000 - 1_200 - 240 - 700 - 20.5;
      expect(await org.account('Alpha', ['KAM_Contribution_Margin__c'])).toEqual({
        KAM_Contribution_Margin__c: second,
      });
      const printed = argumentLines(await org.explain('Alpha'), { width: 100, styled: false });
      const from = printed.indexOf('Contribution margin per year');
      expect(printed.slice(from + 1, from + 9)).toEqual([
        '  Revenue               €12,000.00',
        '  − cost of goods       €7,200.00',
        '  − deductions          €240.00   2 % of revenue',
        '  = DB I                €4,560.00',
        '  − visits              €700.00   2 × €350.00 in the last 12 months',
        '  − calls               €20.50   1 × €20.50 in the last 12 months',
        '  − cases               €0.00   0 × €100.00 in the last 12 months',
        '  = DB II               €3,839.50',
      ]);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    },
  ));

test('a cost that nothing says leaves the margin unknown and is named', () =>
  withSmallOrg(book, { settings: { 'KAM_Settings.Default': fromLines } }, async (org) => {
    await org.sync();
    expect(await org.account('Alpha', ['KAM_Contribution_Margin__c'])).toEqual({ KAM_Contribution_Margin__c: null });
    expect(await org.account('Beta', ['KAM_Contribution_Margin__c'])).toEqual({ KAM_Contribution_Margin__c: 490 });
    const printed = argumentLines(await org.explain('Alpha'), { width: 100, styled: false }).join('\n');
    expect(printed).toContain('= DB I                unknown (some families bought have no margin)');
    expect(printed).toContain('Nothing says what Seals cost (€2,000.00 of revenue).');
    expect(printed).toContain('not counted: no rate is set');
  }));

test.each([
  ['Margin_Line_Cost_Field__c', 'Line', 'Cost__c', 'a field of OpportunityLineItem that this user can read'],
  ['Margin_Product_Cost_Field__c', 'Product', null, 'a field of Product2 that this user can read'],
])('%s must name a field that is there', (field, source, value, expected) =>
  withSmallOrg(
    book,
    { settings: { 'KAM_Settings.Default': { Margin_Source__c: source, [field]: value } } },
    async (org) => {
      await expect(org.sync()).rejects.toThrow(expected);
    },
  ),
);
