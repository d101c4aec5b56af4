/** Records by REST and by collections: what is saved, refused, derived and rolled back. Sources: project's Salesforce notes 4.2, 4.5 [D]; `[K]` where general knowledge. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { LocalOrgRefusal } from '../../../src/localorg/client.js';
import { withLocalOrg, type TestOrg } from '../../support/localOrg.js';

const created = z.object({ id: z.string() });
const outcomes = z.array(
  z.object({
    id: z.string().optional(),
    success: z.boolean(),
    created: z.boolean().optional(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string(), fields: z.array(z.string()) })),
  }),
);

const create = async (org: TestOrg, object: string, values: Record<string, unknown>): Promise<string> =>
  created.parse(await org.client.send('POST', `sobjects/${object}`, values)).id;

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    if (error instanceof LocalOrgRefusal) return `${error.status} ${error.errorCode}: ${error.message}`;
    throw error;
  }
}

const raw = async (org: TestOrg, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${org.instanceUrl}/services/data/v67.0/${path}`, {
    method,
    headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('one record', () => {
  test('is created (201), read, updated (204) and deleted (204)', () =>
    withLocalOrg({}, async (org) => {
      const answer = await raw(org, 'POST', 'sobjects/Account', { Name: ' Acme ', NumberOfEmployees: 7 });
      expect(answer.status).toBe(201);
      const { id } = created.parse(await answer.json());
      expect(id).toMatch(/^001[a-zA-Z0-9]{15}$/);
      expect(await org.client.send('GET', `sobjects/Account/${id}?fields=Name,NumberOfEmployees`)).toEqual({
        attributes: { type: 'Account', url: `/services/data/v67.0/sobjects/Account/${id}` },
        Id: id,
        Name: 'Acme',
        NumberOfEmployees: 7,
      });
      expect((await raw(org, 'PATCH', `sobjects/Account/${id}`, { NumberOfEmployees: null })).status).toBe(204);
      expect(await org.client.send('GET', `sobjects/Account/${id.slice(0, 15)}`)).toMatchObject({
        Id: id,
        NumberOfEmployees: null,
      });
      expect((await raw(org, 'DELETE', `sobjects/Account/${id}`)).status).toBe(204);
      const gone = await raw(org, 'GET', `sobjects/Account/${id}`);
      expect([gone.status, await gone.json()]).toMatchObject([404, [{ errorCode: 'ENTITY_IS_DELETED' }]]);
      expect((await raw(org, 'PATCH', `sobjects/Account/${id}`, { Name: 'x' })).status).toBe(404);
    }));

  test("carries the time of the org's own clock", () =>
    withLocalOrg({ clock: '1998-05-07T12:00:00Z' }, async (org) => {
      const id = await create(org, 'Account', { Name: 'Acme' });
      expect(await org.client.send('GET', `sobjects/Account/${id}?fields=CreatedDate,SystemModstamp`)).toMatchObject({
        CreatedDate: expect.stringMatching(/^1998-05-07T12:00:0\d\.000\+0000$/),
        SystemModstamp: expect.stringMatching(/^1998-05-07T12:00:0\d\.000\+0000$/),
      });
    }));

  test('is upserted by external id: 201 created, then 200 updated', () =>
    withLocalOrg({}, async (org) => {
      const path = 'sobjects/KAM_Run__c/Ref__c/r-1';
      const first = await raw(org, 'PATCH', path, { Accounts__c: 1 });
      expect([first.status, await first.json()]).toMatchObject([201, { success: true, created: true }]);
      const second = await raw(org, 'PATCH', path, { Accounts__c: 2 });
      expect([second.status, await second.json()]).toMatchObject([200, { success: true, created: false }]);
      expect(await org.client.send('GET', path)).toMatchObject({ Ref__c: 'r-1', Accounts__c: 2, Name: 'RUN-000001' });
      expect(await refusal(org.client.send('PATCH', path, { Ref__c: 'r-1' }))).toContain('400 INVALID_FIELD');
    }));
});

describe('validation', () => {
  test.each([
    [
      'a required field',
      'Account',
      { Industry: 'Energy' },
      '400 REQUIRED_FIELD_MISSING: Required fields are missing: [Name]',
    ],
    [
      'an unknown field',
      'Account',
      { Name: 'a', Nmae: 'b' },
      "400 INVALID_FIELD: No such column 'Nmae' on sobject of type Account",
    ],
    [
      'a text that is too long',
      'Account',
      { Name: 'a', AccountNumber: 'x'.repeat(41) },
      '400 STRING_TOO_LONG: Account Number: data value too large: ',
    ],
    [
      'a value outside a restricted picklist',
      'Account',
      { Name: 'a', KAM_Tier__c: 'King' },
      '400 INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: KAM Tier: bad value for restricted picklist field: King',
    ],
    ['a number with too many digits', 'Account', { Name: 'a', KAM_Score__c: 1000 }, '400 NUMBER_OUTSIDE_VALID_RANGE'],
    ['a text for a number', 'Account', { Name: 'a', NumberOfEmployees: 'many' }, '400 INVALID_TYPE_ON_FIELD_IN_RECORD'],
    [
      'a day that does not exist',
      'Account',
      { Name: 'a', KAM_Assessed_On__c: '2024-02-30' },
      '400 INVALID_TYPE_ON_FIELD_IN_RECORD',
    ],
    ['a malformed id', 'Account', { Name: 'a', ParentId: 'nobody' }, '400 MALFORMED_ID'],
    ['an id of nobody', 'Account', { Name: 'a', ParentId: '001000000000999AAA' }, '400 INVALID_CROSS_REFERENCE_KEY'],
    [
      'an id of the wrong object',
      'Account',
      { Name: 'a', ParentId: '003000000000001AAA' },
      '400 FIELD_INTEGRITY_EXCEPTION',
    ],
    [
      'a field that the platform keeps',
      'Account',
      { Name: 'a', CreatedDate: '2024-01-01T00:00:00Z' },
      '400 INVALID_FIELD_FOR_INSERT_UPDATE: Unable to create/update fields: CreatedDate.',
    ],
    ['custom metadata by data API', 'KAM_Settings__mdt', { DeveloperName: 'x' }, '400 INVALID_TYPE_FOR_OPERATION'],
  ])('%s is refused', (_, object, values, expected) =>
    withLocalOrg({}, async (org) => {
      expect(await refusal(create(org, object, values))).toContain(expected);
      expect((await org.client.query('SELECT Id FROM Account')).length).toBe(0);
    }),
  );

  test('a unique value that another record has names that record', () =>
    withLocalOrg({}, async (org) => {
      const holder = await create(org, 'KAM_Run__c', { Ref__c: 'same' });
      expect(await refusal(create(org, 'KAM_Run__c', { Ref__c: 'same' }))).toContain(
        `DUPLICATE_VALUE: duplicate value found: Ref__c duplicates value on record with id: ${holder.slice(0, 15)}`,
      );
      await create(org, 'KAM_Run__c', { Ref__c: 'Same' });
    }));

  test("numbers are rounded to the field's decimals, halves away from zero [K]", () =>
    withLocalOrg({}, async (org) => {
      const id = await create(org, 'Account', {
        Name: 'a',
        KAM_Revenue__c: 1.005,
        KAM_Cross_Sell__c: -0.125,
        KAM_Up_Sell__c: '12345678901234.56',
      });
      expect(await org.client.send('GET', `sobjects/Account/${id}`)).toMatchObject({
        KAM_Revenue__c: 1.01,
        KAM_Cross_Sell__c: -0.13,
        KAM_Up_Sell__c: 12345678901234.56,
      });
    }));

  test('an empty text is no value, and defaults are filled in', () =>
    withLocalOrg({}, async (org) => {
      const about = await create(org, 'Account', { Name: 'a', Industry: '  ' });
      const task = await create(org, 'Task', { Subject: 'Call', WhatId: about });
      expect(await org.client.send('GET', `sobjects/Account/${about}`)).toMatchObject({
        Industry: null,
        KAM_Exclude__c: false,
      });
      expect(await org.client.send('GET', `sobjects/Task/${task}`)).toMatchObject({
        Status: 'Not Started',
        Priority: 'Normal',
        IsClosed: false,
        AccountId: about,
      });
    }));
});

describe('what the platform derives', () => {
  async function deal(
    org: TestOrg,
  ): Promise<{ account: string; opportunity: string; line: (total: number) => Promise<string> }> {
    const account = await create(org, 'Account', { Name: 'a' });
    const product = await create(org, 'Product2', { Name: 'Pump', Family: 'Pumps', IsActive: true });
    const [book] = await org.client.query('SELECT Id FROM Pricebook2 WHERE IsStandard = true');
    const entry = await create(org, 'PricebookEntry', {
      Pricebook2Id: book?.['Id'],
      Product2Id: product,
      UnitPrice: 5,
      IsActive: true,
    });
    const opportunity = await create(org, 'Opportunity', {
      Name: 'o',
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
  const amount = async (org: TestOrg, id: string): Promise<unknown> =>
    (await org.client.query(`SELECT Amount FROM Opportunity WHERE Id = '${id}'`))[0]?.['Amount'];

  test('an opportunity is won by its stage', () =>
    withLocalOrg({}, async (org) => {
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
    }));

  test('its amount is the sum of its products: an update is accepted and ignored, a deleted line is taken off', () =>
    withLocalOrg({}, async (org) => {
      const { opportunity, line } = await deal(org);
      expect(await amount(org, opportunity)).toBe(9);
      await line(0.1);
      const second = await line(0.2);
      expect(await amount(org, opportunity)).toBe(0.3);
      await org.client.send('PATCH', `sobjects/Opportunity/${opportunity}`, { Amount: 1000 });
      expect(await amount(org, opportunity)).toBe(0.3);
      await org.client.send('DELETE', `sobjects/OpportunityLineItem/${second}`);
      expect(await amount(org, opportunity)).toBe(0.1);
    }));

  test('a line takes one of unit price and total price, and the product from its price book entry', () =>
    withLocalOrg({}, async (org) => {
      const { line } = await deal(org);
      const [record] = await org.client.query(
        `SELECT UnitPrice, TotalPrice, Product2.Family FROM OpportunityLineItem WHERE Id = '${await line(10)}'`,
      );
      expect(record).toMatchObject({ UnitPrice: 2.5, TotalPrice: 10, Product2: { Family: 'Pumps' } });
    }));

  test("an account with won opportunities can't be deleted; without, its opportunities and their lines go with it [K]", () =>
    withLocalOrg({}, async (org) => {
      const { account, opportunity, line } = await deal(org);
      await line(1);
      expect(await refusal(org.client.send('DELETE', `sobjects/Account/${account}`))).toContain('DELETE_FAILED');
      await org.client.send('PATCH', `sobjects/Opportunity/${opportunity}`, { StageName: 'Prospecting' });
      await org.client.send('DELETE', `sobjects/Account/${account}`);
      expect((await org.client.query('SELECT Id FROM OpportunityLineItem')).length).toBe(0);
    }));
});

describe('collections', () => {
  const send = async (
    org: TestOrg,
    method: 'POST' | 'PATCH',
    path: string,
    records: unknown[],
    allOrNone = false,
  ): Promise<z.infer<typeof outcomes>> => outcomes.parse(await org.client.send(method, path, { allOrNone, records }));
  const account = (values: Record<string, unknown>): Record<string, unknown> => ({
    attributes: { type: 'Account' },
    ...values,
  });

  test('keep their order, and one bad row does not stop the others', () =>
    withLocalOrg({}, async (org) => {
      const results = await send(org, 'POST', 'composite/sobjects', [
        account({ Name: 'a' }),
        account({}),
        account({ Name: 'c' }),
      ]);
      expect(results.map(({ success }) => success)).toEqual([true, false, true]);
      expect(results[1]?.errors).toEqual([
        { statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [Name]', fields: ['Name'] },
      ]);
      expect((await org.client.query('SELECT Name FROM Account ORDER BY Name')).map(({ Name: name }) => name)).toEqual([
        'a',
        'c',
      ]);
    }));

  test('all or none takes every row back and says so', () =>
    withLocalOrg({}, async (org) => {
      const results = await send(org, 'POST', 'composite/sobjects', [account({ Name: 'a' }), account({})], true);
      expect(results.map(({ success, errors }) => [success, errors[0]?.statusCode])).toEqual([
        [false, 'ALL_OR_NONE_OPERATION_ROLLED_BACK'],
        [false, 'REQUIRED_FIELD_MISSING'],
      ]);
      expect(await org.client.query('SELECT Id FROM Account')).toEqual([]);
    }));

  test('take 200 records and no more', () =>
    withLocalOrg({}, async (org) => {
      const many = Array.from({ length: 201 }, (_, n) => account({ Name: `a${n}` }));
      expect((await send(org, 'POST', 'composite/sobjects', many.slice(0, 200))).every(({ success }) => success)).toBe(
        true,
      );
      expect(await refusal(org.client.send('POST', 'composite/sobjects', { records: many }))).toContain(
        '400 EXCEEDED_ID_LIMIT',
      );
    }));

  test('upsert by external id says what was created; the same id twice in one request fails twice', () =>
    withLocalOrg({}, async (org) => {
      const run = (ref: string, accounts: number): Record<string, unknown> => ({
        attributes: { type: 'KAM_Run__c' },
        Ref__c: ref,
        Accounts__c: accounts,
      });
      const path = 'composite/sobjects/KAM_Run__c/Ref__c';
      expect((await send(org, 'PATCH', path, [run('a', 1), run('b', 1)])).map((row) => row.created)).toEqual([
        true,
        true,
      ]);
      const again = await send(org, 'PATCH', path, [run('a', 2), run('c', 1), run('c', 2)]);
      expect(again.map(({ success, created: isNew }) => [success, isNew])).toEqual([
        [true, false],
        [false, false],
        [false, false],
      ]);
      expect(again[2]?.errors[0]).toMatchObject({
        statusCode: 'DUPLICATE_VALUE',
        message: 'Duplicate external id specified: c',
      });
      expect(await org.client.query('SELECT Ref__c, Accounts__c FROM KAM_Run__c ORDER BY Ref__c')).toMatchObject([
        { Ref__c: 'a', Accounts__c: 2 },
        { Ref__c: 'b', Accounts__c: 1 },
      ]);
    }));

  test('update and delete by id, and retrieve in the order of the ids with null for what is not there', () =>
    withLocalOrg({}, async (org) => {
      const [a = '', b = ''] = (
        await send(org, 'POST', 'composite/sobjects', [account({ Name: 'a' }), account({ Name: 'b' })])
      ).map(({ id }) => id);
      expect(
        (
          await send(org, 'PATCH', 'composite/sobjects', [account({ Id: a, Name: 'A' }), account({ Name: 'no id' })])
        ).map(({ success }) => success),
      ).toEqual([true, false]);
      outcomes.parse(await org.client.send('DELETE', `composite/sobjects?ids=${b}`));
      expect(
        await org.client.send('POST', 'composite/sobjects/Account', { ids: [b, a], fields: ['Name'] }),
      ).toMatchObject([null, { Name: 'A' }]);
    }));
});
