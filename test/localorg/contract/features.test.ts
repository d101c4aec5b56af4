/**
 * What an org may have beyond the least. Sources: SOQL and SOSL Reference, "Querying Currency Fields in Multicurrency
 * Orgs"; Object Reference, "CurrencyType", "DatedConversionRate" (StartDate inclusive, NextStartDate exclusive) and
 * "Person Accounts" (Name from FirstName and LastName, PersonContactId); project's Salesforce notes 4.8; `[K]` is
 * general knowledge.
 */
import { describe, expect } from 'vitest';
import { contract, create, refusal, type ContractOrg } from '../../support/contract.js';

describe('an org with several currencies', () => {
  const onlyLocal = 'a real org has several currencies or has not, and keeps a rate that was entered';
  const withCurrencies = (title: string, source: string, work: (org: ContractOrg) => Promise<void>): void =>
    contract(title, { source, onlyLocal, features: ['MultiCurrency'] }, async (org) => {
      await create(org, 'CurrencyType', { IsoCode: 'EUR', ConversionRate: 0.5, DecimalPlaces: 2, IsActive: true });
      await work(org);
    });
  const deal = { StageName: 'Closed Won' };

  withCurrencies(
    'keeps a currency with each record: the user’s where none is given, and no other than the active ones',
    'Object Reference, CurrencyType and CurrencyIsoCode: a restricted picklist of the active currencies',
    async (org) => {
      await create(org, 'Account', { Name: 'a' });
      await create(org, 'Account', { Name: 'b', CurrencyIsoCode: 'EUR' });
      expect(await org.client.query('SELECT CurrencyIsoCode FROM Account ORDER BY Name')).toMatchObject([
        { CurrencyIsoCode: 'USD' },
        { CurrencyIsoCode: 'EUR' },
      ]);
      expect(await refusal(create(org, 'Account', { Name: 'c', CurrencyIsoCode: 'GBP' }))).toContain(
        'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      );
    },
  );

  withCurrencies(
    'converts amounts to the corporate currency, and adds them up in it',
    'SOQL and SOSL Reference, "Querying Currency Fields in Multicurrency Orgs": convertCurrency(), aggregates in the org currency',
    async (org) => {
      await create(org, 'Opportunity', { ...deal, Name: 'a', CloseDate: '2026-01-10', Amount: 100 });
      await create(org, 'Opportunity', {
        ...deal,
        Name: 'b',
        CloseDate: '2026-01-10',
        Amount: 100,
        CurrencyIsoCode: 'EUR',
      });
      expect(
        await org.client.query('SELECT Amount, convertCurrency(Amount) own FROM Opportunity ORDER BY Name'),
      ).toMatchObject([
        { Amount: 100, own: 100 },
        { Amount: 100, own: 200 },
      ]);
      expect(await org.client.query('SELECT SUM(Amount) total FROM Opportunity')).toMatchObject([{ total: 300 }]);
    },
  );

  withCurrencies(
    'converts a deal by the rate of its close date, which holds until the next one begins',
    'Object Reference, DatedConversionRate: StartDate inclusive, NextStartDate exclusive; advanced currency management converts by CloseDate',
    async (org) => {
      const rate = (StartDate: string, ConversionRate: number): Promise<string> =>
        create(org, 'DatedConversionRate', { IsoCode: 'EUR', StartDate, ConversionRate });
      await rate('2026-02-01', 0.25);
      await rate('2026-01-01', 0.8);
      expect(
        await org.client.query('SELECT StartDate, NextStartDate FROM DatedConversionRate ORDER BY StartDate'),
      ).toMatchObject([
        { StartDate: '2026-01-01', NextStartDate: '2026-02-01' },
        { StartDate: '2026-02-01', NextStartDate: '9999-12-31' },
      ]);
      for (const CloseDate of ['2025-12-31', '2026-01-31', '2026-02-01']) {
        await create(org, 'Opportunity', { ...deal, Name: CloseDate, CloseDate, Amount: 1, CurrencyIsoCode: 'EUR' });
      }
      const records = await org.client.query('SELECT convertCurrency(Amount) FROM Opportunity ORDER BY CloseDate');
      expect(records.map(({ Amount: amount }) => amount)).toEqual([2, 1.25, 4]);
      expect(await refusal(rate('2026-01-01', 1))).toContain('DUPLICATE_VALUE');
    },
  );

  withCurrencies(
    'prices a product in each currency, and takes the one of the deal [K]',
    'general knowledge: one price per product, book and currency; a line in the currency of its deal',
    async (org) => {
      const product = await create(org, 'Product2', { Name: 'p' });
      const [book] = await org.client.query('SELECT Id FROM Pricebook2');
      const price = (CurrencyIsoCode: string): Promise<string> =>
        create(org, 'PricebookEntry', {
          Pricebook2Id: book?.['Id'],
          Product2Id: product,
          UnitPrice: 1,
          CurrencyIsoCode,
        });
      const [dollars, euros] = [await price('USD'), await price('EUR')];
      expect(await refusal(price('EUR'))).toContain('DUPLICATE_VALUE');
      const euroDeal = { ...deal, Name: 'd', CloseDate: '2026-01-10', CurrencyIsoCode: 'EUR' };
      const OpportunityId = await create(org, 'Opportunity', euroDeal);
      const line = (PricebookEntryId: string): Promise<string> =>
        create(org, 'OpportunityLineItem', { OpportunityId, PricebookEntryId, Quantity: 1, TotalPrice: 3 });
      expect(await refusal(line(dollars))).toContain('FIELD_INTEGRITY_EXCEPTION');
      await line(euros);
      expect(
        await org.client.query('SELECT CurrencyIsoCode, Opportunity.Amount FROM OpportunityLineItem'),
      ).toMatchObject([{ CurrencyIsoCode: 'EUR', Opportunity: { Amount: 3 } }]);
    },
  );

  contract(
    'of a single currency knows no currency field and no rates',
    { source: 'Object Reference: CurrencyIsoCode only in multicurrency orgs', onlyLocal },
    async (org) => {
      expect(await refusal(org.client.query('SELECT CurrencyIsoCode FROM Account'))).toContain('INVALID_FIELD');
      expect(await refusal(org.client.query('SELECT IsoCode FROM CurrencyType'))).toContain('INVALID_TYPE');
    },
  );
});

describe('an org with person accounts', () => {
  const onlyLocal = 'a real org has person accounts or has not';
  const withPeople = (title: string, source: string, work: (org: ContractOrg, person: string) => Promise<void>): void =>
    contract(title, { source, onlyLocal, features: ['PersonAccounts'] }, async (org) => {
      const [type] = await org.client.query('SELECT Id FROM RecordType WHERE IsPersonType = true');
      await work(org, String(type?.['Id']));
    });

  withPeople(
    'names a person by first and last name, and keeps a contact of it',
    'SOAP API Developer Guide, "Person Account Record Types"; Object Reference, Account: Name, PersonContactId, IsPersonAccount',
    async (org, RecordTypeId) => {
      const id = await create(org, 'Account', {
        RecordTypeId,
        FirstName: 'Ada',
        LastName: 'King',
        PersonEmail: 'a@b.example',
      });
      await create(org, 'Account', { Name: 'Company' });
      expect(
        await org.client.query('SELECT Name, IsPersonAccount, PersonContact.Name FROM Account ORDER BY Name'),
      ).toMatchObject([
        { Name: 'Ada King', IsPersonAccount: true, PersonContact: { Name: 'Ada King' } },
        { Name: 'Company', IsPersonAccount: false, PersonContact: null },
      ]);
      await org.client.send('PATCH', `sobjects/Account/${id}`, { LastName: 'Lovelace' });
      expect(await org.client.query('SELECT Name, Email, IsPersonAccount, AccountId FROM Contact')).toMatchObject([
        { Name: 'Ada Lovelace', Email: 'a@b.example', IsPersonAccount: true, AccountId: id },
      ]);
      expect(await org.client.query(`SELECT Name FROM Account WHERE Id = '${id}'`)).toMatchObject([
        { Name: 'Ada Lovelace' },
      ]);
      await org.client.send('DELETE', `sobjects/Account/${id}`);
      expect(await org.client.query('SELECT Id FROM Contact')).toEqual([]);
    },
  );

  withPeople(
    'refuses a person without a last name, a name written as one, and a person’s name on a company',
    'SOAP API Developer Guide, "Person Account Record Types": Name cannot be written, LastName is required',
    async (org, RecordTypeId) => {
      expect(await refusal(create(org, 'Account', { RecordTypeId, FirstName: 'Ada' }))).toContain(
        'REQUIRED_FIELD_MISSING',
      );
      expect(await refusal(create(org, 'Account', { RecordTypeId, LastName: 'King', Name: 'Ada' }))).toContain(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
      );
      expect(await refusal(create(org, 'Account', { Name: 'Company', LastName: 'King' }))).toContain(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
      );
    },
  );

  contract(
    'of companies alone has no such field',
    { source: 'Object Reference, Account: IsPersonAccount only with person accounts', onlyLocal },
    async (org) => {
      expect(await refusal(org.client.query('SELECT IsPersonAccount FROM Account'))).toContain('INVALID_FIELD');
    },
  );
});

describe('an org whose contacts may have several accounts', () => {
  contract(
    'relates a contact to its own account by itself, and to others by hand',
    {
      source:
        'Object Reference, AccountContactRelation: made when the contact is, AccountId and ContactId not updateable, IsDirect not createable',
      onlyLocal: 'a real org has relations of contacts or has not',
      features: ['ContactsToMultipleAccounts'],
    },
    async (org) => {
      const [own, other] = [await create(org, 'Account', { Name: 'a' }), await create(org, 'Account', { Name: 'b' })];
      const contact = await create(org, 'Contact', { LastName: 'Adler', AccountId: own });
      const relation = await create(org, 'AccountContactRelation', { AccountId: other, ContactId: contact });
      const all = 'SELECT Account.Name, IsDirect, IsActive FROM AccountContactRelation ORDER BY Account.Name';
      expect(await org.client.query(all)).toMatchObject([
        { Account: { Name: 'a' }, IsDirect: true, IsActive: true },
        { Account: { Name: 'b' }, IsDirect: false, IsActive: true },
      ]);
      const path = `sobjects/AccountContactRelation/${relation}`;
      expect(await refusal(org.client.send('PATCH', path, { AccountId: own }))).toContain(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
      );
      await org.client.send('PATCH', path, { IsActive: false });
      await org.client.send('DELETE', `sobjects/Contact/${contact}`);
      expect(await org.client.query(all)).toEqual([]);
    },
  );

  contract(
    'or not has no such object, and none of account teams where they are off',
    {
      source: 'Object Reference, AccountContactRelation and AccountTeamMember: only where they are switched on',
      onlyLocal: 'a real org has these features or has not',
    },
    async (org) => {
      for (const object of ['AccountContactRelation', 'AccountTeamMember'])
        expect(await refusal(org.client.query(`SELECT Id FROM ${object}`))).toContain('INVALID_TYPE');
    },
  );
});
