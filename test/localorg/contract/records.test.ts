/**
 * Records by REST and by collections: what is saved, refused, derived and rolled back. Sources: REST API Developer Guide,
 * Object Reference, issue threads; each case names its own. `[K]` is general knowledge.
 */
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { contract, create, refusal, type ContractOrg } from '../../support/contract.js';

const guide = 'REST API Developer Guide';
const needs = 'our package';

const created = z.object({ id: z.string() });
const outcomes = z.array(
  z.object({
    id: z.string().optional(),
    success: z.boolean(),
    created: z.boolean().optional(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string(), fields: z.array(z.string()) })),
  }),
);

const own = (org: ContractOrg, fields = 'Id', object = 'Account'): Promise<Record<string, unknown>[]> =>
  org.client.query(`SELECT ${fields} FROM ${object} WHERE Name LIKE '${org.mark}%' ORDER BY Name`);

describe('one record', () => {
  contract(
    'is created (201), read, updated (204) and deleted (204), and is then said to be deleted',
    {
      source: `${guide}, "sObject Basic Information" and "sObject Rows": methods and status codes; ENTITY_IS_DELETED: status 404`,
    },
    async (org) => {
      const body = { Name: ` ${org.mark}a `, NumberOfEmployees: 7 };
      const answer = await org.fetch('sobjects/Account', { method: 'POST', body });
      expect(answer.status).toBe(201);
      const { id } = created.parse(await answer.json());
      expect(id).toMatch(/^001[a-zA-Z0-9]{15}$/);
      expect(await org.client.send('GET', `sobjects/Account/${id}?fields=Name,NumberOfEmployees`)).toMatchObject({
        attributes: { type: 'Account', url: `/services/data/v67.0/sobjects/Account/${id}` },
        Name: `${org.mark}a`,
        NumberOfEmployees: 7,
      });
      const emptied = await org.fetch(`sobjects/Account/${id}`, { method: 'PATCH', body: { NumberOfEmployees: null } });
      expect(emptied.status).toBe(204);
      expect(await org.client.send('GET', `sobjects/Account/${id.slice(0, 15)}`)).toMatchObject({
        Id: id,
        NumberOfEmployees: null,
      });
      expect((await org.fetch(`sobjects/Account/${id}`, { method: 'DELETE' })).status).toBe(204);
      const gone = await org.fetch(`sobjects/Account/${id}`);
      expect([gone.status, await gone.json()]).toMatchObject([404, [{ errorCode: 'ENTITY_IS_DELETED' }]]);
      expect((await org.fetch(`sobjects/Account/${id}`, { method: 'PATCH', body: { Name: 'x' } })).status).toBe(404);
    },
  );

  contract(
    "carries the time of the org's own clock",
    {
      source: 'Object Reference, "System Fields": CreatedDate, SystemModstamp to the second',
      onlyLocal: 'its clock stands in 1998',
      clock: '1998-05-07T12:00:00Z',
    },
    async (org) => {
      const id = await create(org, 'Account', { Name: 'Acme' });
      expect(await org.client.send('GET', `sobjects/Account/${id}?fields=CreatedDate,SystemModstamp`)).toMatchObject({
        CreatedDate: expect.stringMatching(/^1998-05-07T12:00:0\d\.000\+0000$/),
        SystemModstamp: expect.stringMatching(/^1998-05-07T12:00:0\d\.000\+0000$/),
      });
    },
  );

  contract(
    'is upserted by external id: 201 created, then 200 updated; the id does not stand in the body too',
    { source: `${guide}, "Insert or Update (Upsert) a Record Using an External ID"`, needs },
    async (org) => {
      const path = `sobjects/KAM_Run__c/Ref__c/${org.mark}1`;
      const first = await org.fetch(path, { method: 'PATCH', body: { Accounts__c: 1 } });
      expect([first.status, await first.json()]).toMatchObject([201, { success: true, created: true }]);
      const second = await org.fetch(path, { method: 'PATCH', body: { Accounts__c: 2 } });
      expect([second.status, await second.json()]).toMatchObject([200, { success: true, created: false }]);
      expect(await org.client.send('GET', path)).toMatchObject({ Ref__c: `${org.mark}1`, Accounts__c: 2 });
      expect(await refusal(org.client.send('PATCH', path, { Ref__c: `${org.mark}1` }))).toContain('400 INVALID_FIELD');
    },
  );

  contract(
    'that has a number of its own gets the next one, in the format of its field',
    { source: 'Object Reference, "Field Types": Auto Number', onlyLocal: 'it is the first record of its kind' },
    async (org) => {
      const id = await create(org, 'KAM_Run__c', { Ref__c: 'r-1' });
      expect(await org.client.send('GET', `sobjects/KAM_Run__c/${id}`)).toMatchObject({ Name: 'RUN-000001' });
    },
  );
});

describe('validation', () => {
  const errorCodes = 'SOAP API Developer Guide, "Core Data Types Used in API Calls": StatusCode';
  const refused: [string, { source: string; needs?: typeof needs }, string, Record<string, unknown>, string][] = [
    [
      'a required field that is not there is refused',
      { source: 'jsforce test/bulk2.test.ts: Required fields are missing: [Name]' },
      'Account',
      { Industry: 'Energy' },
      '400 REQUIRED_FIELD_MISSING: Required fields are missing: [Name]',
    ],
    [
      'an unknown field is refused',
      { source: 'simple-salesforce issue 808 and many others quote it: No such column on sobject of type' },
      'Account',
      { Name: 'a', Nmae: 'b' },
      "400 INVALID_FIELD: No such column 'Nmae' on sobject of type Account",
    ],
    [
      'a text that is too long is refused',
      { source: `${errorCodes}: STRING_TOO_LONG, "data value too large"` },
      'Account',
      { Name: 'a', AccountNumber: 'x'.repeat(41) },
      '400 STRING_TOO_LONG: Account Number: data value too large: ',
    ],
    [
      'a value outside of a restricted picklist is refused',
      { source: `${errorCodes}: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST`, needs },
      'Account',
      { Name: 'a', KAM_Tier__c: 'King' },
      '400 INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: KAM Tier: bad value for restricted picklist field: King',
    ],
    [
      'a number with too many digits is refused',
      { source: `${errorCodes}: NUMBER_OUTSIDE_VALID_RANGE`, needs },
      'Account',
      { Name: 'a', KAM_Score__c: 1000 },
      '400 NUMBER_OUTSIDE_VALID_RANGE',
    ],
    [
      'a text in place of a number is refused',
      { source: `${errorCodes}: INVALID_TYPE_ON_FIELD_IN_RECORD` },
      'Account',
      { Name: 'a', NumberOfEmployees: 'many' },
      '400 INVALID_TYPE_ON_FIELD_IN_RECORD',
    ],
    [
      'a day that does not exist is refused',
      { source: `${errorCodes}: INVALID_TYPE_ON_FIELD_IN_RECORD`, needs },
      'Account',
      { Name: 'a', KAM_Assessed_On__c: '2024-02-30' },
      '400 INVALID_TYPE_ON_FIELD_IN_RECORD',
    ],
    [
      'an id that is none is refused',
      { source: `${errorCodes}: MALFORMED_ID` },
      'Account',
      { Name: 'a', ParentId: 'nobody' },
      '400 MALFORMED_ID',
    ],
    [
      'an id of nobody is refused',
      { source: `${errorCodes}: INVALID_CROSS_REFERENCE_KEY` },
      'Account',
      { Name: 'a', ParentId: '001000000000999AAA' },
      '400 INVALID_CROSS_REFERENCE_KEY',
    ],
    [
      'an id of another object is refused',
      { source: `${errorCodes}: FIELD_INTEGRITY_EXCEPTION` },
      'Account',
      { Name: 'a', ParentId: '003000000000001AAA' },
      '400 FIELD_INTEGRITY_EXCEPTION',
    ],
    [
      'a field that the platform keeps is refused',
      {
        source:
          'issue threads gathered in the notes: INVALID_FIELD_FOR_INSERT_UPDATE, "Please check the security settings"',
      },
      'Account',
      { Name: 'a', CreatedDate: '2024-01-01T00:00:00Z' },
      '400 INVALID_FIELD_FOR_INSERT_UPDATE: Unable to create/update fields: CreatedDate.',
    ],
    [
      'custom metadata cannot be written by the data API',
      { source: 'Salesforce Help, "Access Custom Metadata Types and Records": no DML by REST or SOAP', needs },
      'KAM_Settings__mdt',
      { DeveloperName: 'x' },
      '400 INVALID_TYPE_FOR_OPERATION',
    ],
  ];
  for (const [title, proof, object, values, expected] of refused) {
    contract(title, proof, async (org) => {
      const named = 'Name' in values ? { ...values, Name: `${org.mark}a` } : values;
      expect(await refusal(create(org, object, named))).toContain(expected);
      expect(await own(org)).toEqual([]);
    });
  }

  contract(
    'a unique value that another record has names that record; another casing is another value where the field says so',
    {
      source:
        'Apex Developer Guide and issue threads quote it: duplicate value found: … duplicates value on record with id',
      needs,
    },
    async (org) => {
      const holder = await create(org, 'KAM_Run__c', { Ref__c: `${org.mark}same` });
      expect(await refusal(create(org, 'KAM_Run__c', { Ref__c: `${org.mark}same` }))).toContain(
        `DUPLICATE_VALUE: duplicate value found: Ref__c duplicates value on record with id: ${holder.slice(0, 15)}`,
      );
      await create(org, 'KAM_Run__c', { Ref__c: `${org.mark}Same` });
    },
  );

  contract(
    "numbers are rounded to the field's decimals, halves away from zero [K]",
    { source: 'general knowledge: that more decimals are rounded and not refused, and how', needs },
    async (org) => {
      const id = await create(org, 'Account', {
        Name: `${org.mark}a`,
        KAM_Revenue__c: 1.005,
        KAM_Cross_Sell__c: -0.125,
        KAM_Up_Sell__c: '12345678901234.56',
      });
      expect(await org.client.send('GET', `sobjects/Account/${id}`)).toMatchObject({
        KAM_Revenue__c: 1.01,
        KAM_Cross_Sell__c: -0.13,
        KAM_Up_Sell__c: 12345678901234.56,
      });
    },
  );

  contract(
    'an empty text is no value, and defaults are filled in',
    { source: 'Object Reference, Task: Status and Priority default on create; IsClosed; AccountId from WhatId' },
    async (org) => {
      const about = await create(org, 'Account', { Name: `${org.mark}a`, Site: '  ' });
      const task = await create(org, 'Task', { Subject: 'Call', WhatId: about });
      expect(await org.client.send('GET', `sobjects/Account/${about}`)).toMatchObject({ Site: null });
      expect(await org.client.send('GET', `sobjects/Task/${task}`)).toMatchObject({
        Status: 'Not Started',
        Priority: 'Normal',
        IsClosed: false,
        AccountId: about,
      });
    },
  );
});

describe('what the platform derives', () => {
  contract(
    'the last activity of a contact is the latest day of its closed tasks and its events, and moves only SystemModstamp',
    {
      source: 'Salesforce Help 000385365 (what counts) and 000387261 (SystemModstamp differs from LastModifiedDate)',
      onlyLocal: 'a real org may do it later; this one has its clock to tell the times apart',
      clock: '2026-05-01T12:00:00Z',
    },
    async (org) => {
      const account = await create(org, 'Account', { Name: `${org.mark}a` });
      const WhoId = await create(org, 'Contact', { LastName: `${org.mark}c`, AccountId: account });
      const contact = (): Promise<Record<string, unknown>[]> =>
        org.client.query(
          `SELECT LastActivityDate, LastModifiedDate, SystemModstamp FROM Contact WHERE Id = '${WhoId}' AND LastModifiedDate = 2026-05-01T12:00:00Z`,
        );
      expect(await contact()).toMatchObject([{ LastActivityDate: null }]);
      await org.client.send('POST', '/local/clock', { to: '2026-06-01T12:00:00Z' });
      const call = { Subject: 'Call', WhoId, Status: 'Completed' };
      const done = await create(org, 'Task', { ...call, ActivityDate: '2026-05-20' });
      await create(org, 'Task', { ...call, ActivityDate: '2026-07-20', Status: 'Not Started' });
      expect(await contact()).toMatchObject([
        { LastActivityDate: '2026-05-20', SystemModstamp: '2026-06-01T12:00:00.000+0000' },
      ]);
      await create(org, 'Event', {
        Subject: 'Visit',
        WhoId,
        StartDateTime: '2026-04-02T09:00:00Z',
        EndDateTime: '2026-04-02T10:00:00Z',
      });
      await org.client.send('DELETE', `sobjects/Task/${done}`);
      expect(await contact()).toMatchObject([{ LastActivityDate: '2026-04-02' }]);
    },
  );

  type Deal = { account: string; opportunity: string; line: (total: number) => Promise<string> };

  async function deal(org: ContractOrg): Promise<Deal> {
    const account = await create(org, 'Account', { Name: `${org.mark}a` });
    const product = await create(org, 'Product2', { Name: `${org.mark}Pump`, Family: 'Pumps', IsActive: true });
    const [book] = await org.client.query('SELECT Id FROM Pricebook2 WHERE IsStandard = true');
    const entry = await create(org, 'PricebookEntry', {
      Pricebook2Id: book?.['Id'],
      Product2Id: product,
      UnitPrice: 5,
      IsActive: true,
    });
    const opportunity = await create(org, 'Opportunity', {
      Name: `${org.mark}o`,
      AccountId: account,
      StageName: 'Closed Won',
      CloseDate: '2024-01-01',
      Amount: 9,
    });
    return {
      account,
      opportunity,
      line: (total) =>
        create(org, 'OpportunityLineItem', {
          OpportunityId: opportunity,
          PricebookEntryId: entry,
          Quantity: 4,
          TotalPrice: total,
        }),
    };
  }

  const amount = async (org: ContractOrg, id: string): Promise<unknown> =>
    (await org.client.query(`SELECT Amount FROM Opportunity WHERE Id = '${id}'`))[0]?.['Amount'];

  contract(
    'an opportunity is won by its stage',
    { source: 'Object Reference, Opportunity: IsWon, IsClosed and Probability come from StageName' },
    async (org) => {
      const { opportunity } = await deal(org);
      expect(await org.client.send('GET', `sobjects/Opportunity/${opportunity}`)).toMatchObject({
        IsWon: true,
        IsClosed: true,
        Probability: 100,
        HasOpportunityLineItem: false,
      });
      await org.client.send('PATCH', `sobjects/Opportunity/${opportunity}`, { StageName: 'Closed Lost' });
      expect(await org.client.send('GET', `sobjects/Opportunity/${opportunity}`)).toMatchObject({
        IsWon: false,
        IsClosed: true,
        Probability: 0,
      });
    },
  );

  contract(
    'its amount is the sum of its products: an update is accepted and ignored, a deleted line is taken off',
    { source: 'Object Reference, Opportunity: Amount ("attempts to update this field will be ignored" with products)' },
    async (org) => {
      const { opportunity, line } = await deal(org);
      expect(await amount(org, opportunity)).toBe(9);
      await line(0.1);
      const second = await line(0.2);
      expect(await amount(org, opportunity)).toBe(0.3);
      await org.client.send('PATCH', `sobjects/Opportunity/${opportunity}`, { Amount: 1000 });
      expect(await amount(org, opportunity)).toBe(0.3);
      await org.client.send('DELETE', `sobjects/OpportunityLineItem/${second}`);
      expect(await amount(org, opportunity)).toBe(0.1);
    },
  );

  contract(
    'a line takes one of unit price and total price, and the product from its price book entry',
    { source: 'Object Reference, OpportunityLineItem: UnitPrice, TotalPrice, PricebookEntryId' },
    async (org) => {
      const { line } = await deal(org);
      const [record] = await org.client.query(
        `SELECT UnitPrice, TotalPrice, Product2.Name FROM OpportunityLineItem WHERE Id = '${await line(10)}'`,
      );
      expect(record).toMatchObject({ UnitPrice: 2.5, TotalPrice: 10, Product2: { Name: `${org.mark}Pump` } });
    },
  );

  contract(
    "an account with won opportunities can't be deleted; without, its opportunities and their lines go with it [K]",
    { source: 'general knowledge: DELETE_FAILED and its reason; what else is deleted' },
    async (org) => {
      const { account, opportunity, line } = await deal(org);
      const id = await line(1);
      expect(await refusal(org.client.send('DELETE', `sobjects/Account/${account}`))).toContain('DELETE_FAILED');
      await org.client.send('PATCH', `sobjects/Opportunity/${opportunity}`, { StageName: 'Prospecting' });
      await org.client.send('DELETE', `sobjects/Account/${account}`);
      expect(await org.client.query(`SELECT Id FROM OpportunityLineItem WHERE Id = '${id}'`)).toEqual([]);
    },
  );
});

describe('collections', () => {
  const collections = `${guide}, "sObject Collections"`;
  const send = async (
    org: ContractOrg,
    method: 'POST' | 'PATCH',
    path: string,
    records: unknown[],
    allOrNone = false,
  ): Promise<z.infer<typeof outcomes>> => outcomes.parse(await org.client.send(method, path, { allOrNone, records }));
  const account = (values: Record<string, unknown>): Record<string, unknown> => ({
    attributes: { type: 'Account' },
    ...values,
  });

  contract(
    'keep their order, and one bad row does not stop the others',
    { source: `${collections}: order, allOrNone false by default` },
    async (org) => {
      const results = await send(org, 'POST', 'composite/sobjects', [
        account({ Name: `${org.mark}a` }),
        account({}),
        account({ Name: `${org.mark}c` }),
      ]);
      expect(results.map(({ success }) => success)).toEqual([true, false, true]);
      expect(results[1]?.errors).toEqual([
        { statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [Name]', fields: ['Name'] },
      ]);
      expect((await own(org, 'Name')).map(({ Name: name }) => name)).toEqual([`${org.mark}a`, `${org.mark}c`]);
    },
  );

  contract(
    'taken all or none take every row back and say so [K]',
    { source: 'REST API Developer Guide, "sObject Collections": allOrNone; the code of the innocent rows is believed' },
    async (org) => {
      const rows = [account({ Name: `${org.mark}a` }), account({})];
      const results = await send(org, 'POST', 'composite/sobjects', rows, true);
      expect(results.map(({ success, errors }) => [success, errors[0]?.statusCode])).toEqual([
        [false, 'ALL_OR_NONE_OPERATION_ROLLED_BACK'],
        [false, 'REQUIRED_FIELD_MISSING'],
      ]);
      expect(await own(org)).toEqual([]);
    },
  );

  contract('take 200 records and no more', { source: `${collections}: up to 200 records` }, async (org) => {
    const many = Array.from({ length: 201 }, (_, n) => account({ Name: `${org.mark}${n}` }));
    const results = await send(org, 'POST', 'composite/sobjects', many.slice(0, 200));
    expect(results.every(({ success }) => success)).toBe(true);
    expect(await refusal(org.client.send('POST', 'composite/sobjects', { records: many }))).toContain(
      '400 EXCEEDED_ID_LIMIT',
    );
  });

  contract(
    'upserted by external id say what was created',
    { source: `${guide}, "Upsert Multiple Records with Fewer Round-Trips"`, needs },
    async (org) => {
      const run = (ref: string, accounts: number): Record<string, unknown> => ({
        attributes: { type: 'KAM_Run__c' },
        Ref__c: `${org.mark}${ref}`,
        Accounts__c: accounts,
      });
      const path = 'composite/sobjects/KAM_Run__c/Ref__c';
      const first = await send(org, 'PATCH', path, [run('a', 1), run('b', 1)]);
      expect(first.map((row) => row.created)).toEqual([true, true]);
      const again = await send(org, 'PATCH', path, [run('a', 2)]);
      expect(again).toMatchObject([{ success: true, created: false, id: first[0]?.id }]);
    },
  );

  contract(
    'with the same external id twice in one request fail twice [K]',
    {
      source:
        'TIBCO documentation of the Salesforce plug-in agrees: "Duplicate external id specified"; the shape is believed',
      needs,
    },
    async (org) => {
      const run = { attributes: { type: 'KAM_Run__c' }, Ref__c: `${org.mark}c` };
      const twice = await send(org, 'PATCH', 'composite/sobjects/KAM_Run__c/Ref__c', [run, run]);
      expect(twice.map(({ success, created: isNew }) => [success, isNew])).toEqual([
        [false, false],
        [false, false],
      ]);
      expect(twice[1]?.errors[0]).toMatchObject({
        statusCode: 'DUPLICATE_VALUE',
        message: `Duplicate external id specified: ${org.mark}c`,
      });
    },
  );

  contract(
    'are updated and deleted by id, and retrieved in the order of the ids with null for what is not there',
    { source: `${collections}: update, delete and retrieve; jsforce test/connection-crud.test.ts for the null` },
    async (org) => {
      const rows = [account({ Name: `${org.mark}a` }), account({ Name: `${org.mark}b` })];
      const [a = '', b = ''] = (await send(org, 'POST', 'composite/sobjects', rows)).map(({ id }) => id);
      const changes = [account({ Id: a, Name: `${org.mark}A` }), account({ Name: 'no id' })];
      const results = await send(org, 'PATCH', 'composite/sobjects', changes);
      expect(results.map(({ success }) => success)).toEqual([true, false]);
      outcomes.parse(await org.client.send('DELETE', `composite/sobjects?ids=${b}`));
      expect(
        await org.client.send('POST', 'composite/sobjects/Account', { ids: [b, a], fields: ['Name'] }),
      ).toMatchObject([null, { Name: `${org.mark}A` }]);
    },
  );
});
