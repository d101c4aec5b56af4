/**
 * Bulk API 2.0 ingest: jobs, uploads and the three result files. Sources: Bulk API 2.0 Developer Guide ("Create a Job",
 * "Upload Job Data", "Prepare CSV Files", "Get Job Successful/Failed/Unprocessed Record Results"), jsforce's bulk2
 * client, and the sf CLI's requests as seen (project's toolchain notes 2); `[K]` is general knowledge.
 */
import jsforce from 'jsforce';
import { parse } from 'csv-parse/sync';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { contract, refusal, type ContractOrg } from '../../support/contract.js';

const guide = 'Bulk API 2.0 Developer Guide';
const jobShape = z.object({
  id: z.string(),
  state: z.string(),
  numberRecordsProcessed: z.number().optional(),
  numberRecordsFailed: z.number().optional(),
  errorMessage: z.string().optional(),
});
type Job = z.infer<typeof jobShape>;
type Rows = Record<string, string>[];
const rows = z.array(z.record(z.string(), z.string()));

const create = async (org: ContractOrg, body: Record<string, unknown>): Promise<Job> =>
  jobShape.parse(await org.client.send('POST', 'jobs/ingest', body));

const upload = async (org: ContractOrg, id: string, csv: string): Promise<Response> =>
  org.fetch(`jobs/ingest/${id}/batches`, { method: 'PUT', body: csv, headers: { 'content-type': 'text/csv' } });

async function ended(org: ContractOrg, id: string): Promise<Job> {
  for (let tries = 0; tries < 600; tries += 1) {
    const job = jobShape.parse(await org.client.send('GET', `jobs/ingest/${id}`));
    if (['JobComplete', 'Failed', 'Aborted'].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, org.isReal ? 1000 : 5));
  }
  throw new Error(`Job ${id} did not end.`);
}

async function run(org: ContractOrg, body: Record<string, unknown>, csv: string): Promise<Job> {
  const { id } = await create(org, body);
  expect((await upload(org, id, csv)).status).toBe(201);
  await org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' });
  return ended(org, id);
}

async function file(
  org: ContractOrg,
  id: string,
  name: string,
  delimiter = ',',
): Promise<{ header: string; rows: Rows }> {
  const answer = await org.fetch(`jobs/ingest/${id}/${name}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/csv')]);
  const text = await answer.text();
  return {
    header: text.split(/\r?\n/)[0] ?? '',
    rows: rows.parse(parse(text, { columns: true, delimiter })),
  };
}

const namesOf = async (org: ContractOrg): Promise<unknown[]> =>
  (await org.client.query(`SELECT Name FROM Account WHERE Name LIKE '${org.mark}%' ORDER BY Name`)).map(
    (each) => each['Name'],
  );

describe('an ingest job', () => {
  contract(
    'goes from Open over its upload to JobComplete and says for each row what became of it',
    { source: `${guide}, "Walkthrough for Bulk API 2.0"; result columns as in "Get Job Successful Record Results"` },
    async (org) => {
      const { id, state } = await create(org, { object: 'Account', operation: 'insert', lineEnding: 'LF' });
      expect([id.slice(0, 3), state]).toEqual(['750', 'Open']);
      expect((await upload(org, id, `Name,Site\n${org.mark}a,x\n,y\n"${org.mark}b, c",\n`)).status).toBe(201);
      const closed = jobShape.parse(await org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' }));
      expect(closed.state).toBe('UploadComplete');
      expect(await ended(org, id)).toMatchObject({
        state: 'JobComplete',
        numberRecordsProcessed: 3,
        numberRecordsFailed: 1,
      });
      expect(await namesOf(org)).toEqual([`${org.mark}a`, `${org.mark}b, c`]);
      const good = await file(org, id, 'successfulResults');
      expect(good.header).toBe('"sf__Id","sf__Created","Name","Site"');
      expect(good.rows.toSorted((a, b) => (`${a['Name']}` < `${b['Name']}` ? -1 : 1))).toMatchObject([
        { sf__Id: expect.stringMatching(/^001/), sf__Created: 'true', Name: `${org.mark}a`, Site: 'x' },
        { sf__Created: 'true', Name: `${org.mark}b, c`, Site: '' },
      ]);
      const bad = await file(org, id, 'failedResults');
      expect(bad.header).toBe('"sf__Id","sf__Error","Name","Site"');
      expect(bad.rows).toEqual([
        {
          sf__Id: '',
          sf__Error: 'REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --',
          Name: '',
          Site: 'y',
        },
      ]);
      expect(await file(org, id, 'unprocessedrecords')).toEqual({ header: '"Name","Site"', rows: [] });
    },
  );

  contract(
    'updates: an empty cell leaves a field as it is, #N/A empties it',
    { source: `${guide}, "Prepare CSV Files": empty field values are ignored, #N/A sets null` },
    async (org) => {
      const made = z
        .object({ id: z.string() })
        .parse(
          await org.client.send('POST', 'sobjects/Account', { Name: `${org.mark}a`, Site: 's', AccountNumber: 'n' }),
        );
      const job = await run(
        org,
        { object: 'account', operation: 'update' },
        `id,Site,AccountNumber,Industry\n${made.id.slice(0, 15)},,#N/A,Energy\n`,
      );
      expect(job).toMatchObject({ state: 'JobComplete', numberRecordsFailed: 0 });
      expect(
        await org.client.query(`SELECT Site, AccountNumber, Industry FROM Account WHERE Id = '${made.id}'`),
      ).toMatchObject([{ Site: 's', AccountNumber: null, Industry: 'Energy' }]);
    },
  );

  contract(
    'upserts by external id and tells new rows from old ones; a key that comes twice fails twice',
    { source: `${guide}, "Create a Job": externalIdFieldName; DUPLICATE_VALUE as in sObject Collections upsert` },
    async (org) => {
      await org.client.send('PATCH', `sobjects/KAM_Run__c/Ref__c/${org.mark}1`, { Accounts__c: 1 });
      const job = await run(
        org,
        { object: 'KAM_Run__c', operation: 'upsert', externalIdFieldName: 'Ref__c' },
        `Ref__c,Accounts__c\n${[1, 2, 3, 3].map((n) => `${org.mark}${n},5`).join('\n')}\n`,
      );
      expect(job).toMatchObject({ numberRecordsProcessed: 4, numberRecordsFailed: 2 });
      const good = await file(org, job.id, 'successfulResults');
      expect(Object.fromEntries(good.rows.map((row) => [row['Ref__c'], row['sf__Created']]))).toEqual({
        [`${org.mark}1`]: 'false',
        [`${org.mark}2`]: 'true',
      });
      expect((await file(org, job.id, 'failedResults')).rows[0]?.['sf__Error']).toBe(
        `DUPLICATE_VALUE:Duplicate external id specified: ${org.mark}3:Ref__c --`,
      );
    },
  );

  contract(
    'sets a lookup by the external id of its parent, and fails the row where there is none',
    {
      source: `${guide}, "Relationship Fields in a Header Row"; message text as in salesforce.stackexchange threads on "Foreign key external ID"`,
    },
    async (org) => {
      const { id } = z
        .object({ id: z.string() })
        .parse(await org.client.send('POST', 'sobjects/Account', { Name: `${org.mark}a` }));
      const job = await run(
        org,
        { object: 'Account', operation: 'insert' },
        `Name,Parent.Id\n${org.mark}b,${id}\n${org.mark}c,001000000000999AAA\n`,
      );
      expect(await org.client.query(`SELECT ParentId FROM Account WHERE Name = '${org.mark}b'`)).toMatchObject([
        { ParentId: id },
      ]);
      expect((await file(org, job.id, 'failedResults')).rows[0]?.['sf__Error']).toContain(
        'INVALID_FIELD:Foreign key external ID: 001000000000999AAA not found for field Id in entity Account',
      );
    },
  );

  contract(
    'deletes by id alone; a hard delete needs a permission that even an administrator has to be given',
    {
      source: `${guide}, "Create a Job": hardDelete requires the Bulk API Hard Delete permission; v1 guide: "The 'delete' batch must contain only ids"`,
    },
    async (org) => {
      const made = z
        .object({ id: z.string() })
        .parse(await org.client.send('POST', 'sobjects/Account', { Name: `${org.mark}a` }));
      expect(await run(org, { object: 'Account', operation: 'delete' }, `Id,Name\n${made.id},x\n`)).toMatchObject({
        state: 'Failed',
        errorMessage: expect.stringContaining("The 'delete' batch must contain only ids"),
      });
      const job = await run(org, { object: 'Account', operation: 'delete' }, `Id\n${made.id}\n${made.id}\n`);
      expect(job).toMatchObject({ numberRecordsProcessed: 2, numberRecordsFailed: 1 });
      expect((await file(org, job.id, 'successfulResults')).rows).toEqual([
        { sf__Id: made.id, sf__Created: 'false', Id: made.id },
      ]);
      expect((await file(org, job.id, 'failedResults')).rows[0]?.['sf__Error']).toBe(
        'ENTITY_IS_DELETED:entity is deleted:--',
      );
      expect(await namesOf(org)).toEqual([]);
      expect(await refusal(create(org, { object: 'Account', operation: 'hardDelete' }))).toContain('FEATURENOTENABLED');
    },
  );

  contract(
    'reads other delimiters and line endings, quoted line breaks and a byte order mark',
    { source: `${guide}, "Valid CSV Record Rows" and "Create a Job": columnDelimiter, lineEnding` },
    async (org) => {
      const job = await run(
        org,
        { object: 'Account', operation: 'insert', columnDelimiter: 'SEMICOLON', lineEnding: 'CRLF' },
        `\uFEFFName;Description\r\n${org.mark}a;"two\nlines; ""quoted"""\r\n`,
      );
      expect(job).toMatchObject({ state: 'JobComplete', numberRecordsFailed: 0 });
      expect(await org.client.query(`SELECT Description FROM Account WHERE Name = '${org.mark}a'`)).toMatchObject([
        { Description: 'two\nlines; "quoted"' },
      ]);
      expect((await file(org, job.id, 'successfulResults', ';')).header).toBe(
        '"sf__Id";"sf__Created";"Name";"Description"',
      );
    },
  );

  contract(
    'of more rows than a batch writes them all',
    { source: `${guide}, "How Requests Are Processed": data is divided into batches` },
    async (org) => {
      const csv = Array.from({ length: 450 }, (_, n) => `${org.mark}${String(n).padStart(3, '0')}`).join('\n');
      const job = await run(org, { object: 'Account', operation: 'insert' }, `Name\n${csv}\n`);
      expect(job).toMatchObject({ numberRecordsProcessed: 450, numberRecordsFailed: 0 });
      const names = await namesOf(org);
      expect([names.length, names.at(-1)]).toEqual([450, `${org.mark}449`]);
    },
  );
});

describe('a job fails as a whole', () => {
  contract(
    'for a column that the object does not have, and leaves every row unprocessed',
    { source: 'issue threads quoting "InvalidBatch : Field name not found" (forcedotcom/cli, SFDMU)' },
    async (org) => {
      const job = await run(org, { object: 'Account', operation: 'insert' }, `Name,Nmae\n${org.mark}a,b\n`);
      expect(job).toMatchObject({ state: 'Failed', errorMessage: 'InvalidBatch : Field name not found : Nmae' });
      expect((await file(org, job.id, 'unprocessedrecords')).rows).toEqual([{ Name: `${org.mark}a`, Nmae: 'b' }]);
      expect(await namesOf(org)).toEqual([]);
    },
  );

  contract(
    'for another line ending than it announced',
    { source: 'issue threads quoting "LineEnding is invalid on user data" (forcedotcom/cli, jsforce)' },
    async (org) => {
      const job = await run(org, { object: 'Account', operation: 'insert' }, `Name\r\n${org.mark}a\r\n`);
      expect(job).toMatchObject({
        state: 'Failed',
        errorMessage: 'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF',
      });
    },
  );

  contract(
    'for a row with another number of cells, and keeps no row of it [K]',
    { source: 'believed: a broken row fails the batch with InvalidBatch; the text differs' },
    async (org) => {
      const job = await run(org, { object: 'Account', operation: 'insert' }, `Name,Site\n${org.mark}a\n`);
      expect(job).toMatchObject({ state: 'Failed', errorMessage: expect.stringContaining('InvalidBatch : ') });
      expect(await namesOf(org)).toEqual([]);
    },
  );
});

describe('what a job can not be', () => {
  const local = 'answers are compared word by word';
  contract(
    'of an unknown object, operation, delimiter or external id',
    { source: `${guide}, "Create a Job"; INVALIDJOB texts as quoted in issue threads`, onlyLocal: local },
    async (org) => {
      const said = async (body: Record<string, unknown>): Promise<string> => refusal(create(org, body));
      expect(await said({ object: 'Nothing', operation: 'insert' })).toBe(
        '400 INVALIDJOB: InvalidJob : Unable to find object: Nothing',
      );
      expect(await said({ object: 'Account', operation: 'merge' })).toContain('400 INVALIDJOB');
      expect(await said({ object: 'Account', operation: 'insert', columnDelimiter: 'SPACE' })).toContain(
        '400 INVALIDJOB',
      );
      expect(await said({ object: 'Account', operation: 'upsert', externalIdFieldName: 'Site' })).toContain(
        'Field name provided, Site does not match an External ID',
      );
      expect(await said({ object: 'Account', operation: 'insert', colour: 'red' })).toContain('unknown field colour');
    },
  );

  contract(
    'uploaded twice, closed twice, read before its end, or aborted after it [K]',
    { source: 'believed: INVALIDJOBSTATE for each; the texts differ', onlyLocal: local },
    async (org) => {
      const { id } = await create(org, { object: 'Account', operation: 'insert' });
      expect(await refusal(org.client.send('GET', `jobs/ingest/${id}/failedResults`))).toContain('INVALIDJOBSTATE');
      await upload(org, id, `Name\n${org.mark}a\n`);
      expect((await upload(org, id, `Name\n${org.mark}a\n`)).status).toBe(400);
      await org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' });
      expect(await refusal(org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' }))).toContain(
        'INVALIDJOBSTATE',
      );
      await ended(org, id);
      expect(await refusal(org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'Aborted' }))).toContain(
        '400 INVALIDJOBSTATE: Aborting already JobComplete Job not allowed',
      );
      expect(await namesOf(org)).toEqual([`${org.mark}a`]);
    },
  );

  contract(
    'found after it was deleted, and an aborted one keeps its rows unprocessed',
    { source: `${guide}, "Delete a Job" and "Abort a Job"` },
    async (org) => {
      const { id } = await create(org, { object: 'Account', operation: 'insert' });
      await upload(org, id, `Name\n${org.mark}a\n`);
      await org.client.send('PATCH', `jobs/ingest/${id}`, { state: 'Aborted' });
      expect((await file(org, id, 'unprocessedrecords')).rows).toEqual([{ Name: `${org.mark}a` }]);
      expect((await org.fetch(`jobs/ingest/${id}`, { method: 'DELETE' })).status).toBe(204);
      expect(await refusal(org.client.send('GET', `jobs/ingest/${id}`))).toContain('404 NOT_FOUND');
    },
  );
});

contract(
  "jsforce's bulk2 client loads records and reads its results",
  { source: 'jsforce 3, lib/api/bulk2: loadAndWaitForResults' },
  async (org) => {
    const connection = new jsforce.Connection({
      instanceUrl: org.instanceUrl,
      accessToken: org.accessToken,
      version: '67.0',
    });
    connection.bulk2.pollInterval = org.isReal ? 1000 : 5;
    connection.bulk2.pollTimeout = 60_000;
    const results = await connection.bulk2.loadAndWaitForResults({
      object: 'Account',
      operation: 'insert',
      input: [
        { Name: `${org.mark}a`, Site: 'x' },
        { Name: '', Site: 'nameless' },
      ],
    });
    expect(results.successfulResults).toMatchObject([{ Name: `${org.mark}a`, sf__Created: 'true' }]);
    expect(results.failedResults).toHaveLength(1);
    expect(results.unprocessedRecords).toEqual([]);
  },
);
