/**
 * The login-session calls of the partner SOAP API, by plain envelopes and by jsforce.
 * Sources: the SOAP API Developer Guide and the partner WSDL, and jsforce's api/soap.js for what clients send and read;
 * `[K]` is general knowledge.
 */
import { Connection } from 'jsforce';
import { describe, expect } from 'vitest';
import { contract, type ContractOrg } from '../../support/contract.js';
import { soap, textsOf } from '../../support/metadata.js';

const records = (name: string, ...rows: string[]): string => rows.map((row) => `<${name}>${row}</${name}>`).join('');
const account = (inner: string): string => `<type>Account</type>${inner}`;
const connected = (org: ContractOrg): Connection =>
  new Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken, version: '67.0' });

describe('records', () => {
  contract(
    'are created, updated, deleted and taken out of the bin again, each with its own outcome',
    { source: 'SOAP API Developer Guide: create(), update(), delete(), undelete() and SaveResult' },
    async (org) => {
      const create = `<create>${records('sObjects', account(`<Name>${org.mark}one</Name>`), account('<Phone>1</Phone>'))}</create>`;
      const created = await soap(org, 'u', create);
      expect(created.status).toBe(200);
      expect(textsOf(created.text, 'success')).toEqual(['true', 'false']);
      expect(textsOf(created.text, 'statusCode')).toEqual(['REQUIRED_FIELD_MISSING']);
      const [id = ''] = textsOf(created.text, 'id');
      const changed = account(`<Id>${id}</Id><Phone>12</Phone>`);
      expect(
        textsOf((await soap(org, 'u', `<update>${records('sObjects', changed)}</update>`)).text, 'success'),
      ).toEqual(['true']);
      const emptied = account(`<fieldsToNull>Phone</fieldsToNull><Id>${id}</Id>`);
      await soap(org, 'u', `<update>${records('sObjects', emptied)}</update>`);
      expect(await org.client.query(`SELECT Phone FROM Account WHERE Id = '${id}'`)).toMatchObject([{ Phone: null }]);
      expect(textsOf((await soap(org, 'u', `<delete><ids>${id}</ids></delete>`)).text, 'success')).toEqual(['true']);
      expect(await org.client.query(`SELECT Id FROM Account WHERE Id = '${id}'`)).toEqual([]);
      expect(textsOf((await soap(org, 'u', `<undelete><ids>${id}</ids></undelete>`)).text, 'success')).toEqual([
        'true',
      ]);
      expect(await org.client.query(`SELECT Id FROM Account WHERE Id = '${id}'`)).toHaveLength(1);
      await soap(org, 'u', `<delete><ids>${id}</ids></delete>`);
    },
  );

  contract(
    'are all refused with the one that fails where all or none is asked for',
    { source: 'SOAP API Developer Guide: AllOrNoneHeader' },
    async (org) => {
      const create = `<create>${records('sObjects', account(`<Name>${org.mark}a</Name>`), account('<Phone>1</Phone>'))}</create>`;
      const headers = '<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>';
      const answer = await soap(org, 'u', create, { headers });
      expect(textsOf(answer.text, 'success')).toEqual(['false', 'false']);
      expect(await org.client.query(`SELECT Id FROM Account WHERE Name = '${org.mark}a'`)).toEqual([]);
    },
  );

  contract(
    'are merged by jsforce: the children follow, the loser says who took it in',
    { source: 'jsforce api/soap.js merge(); SOAP API Developer Guide: merge()' },
    async (org) => {
      const connection = connected(org);
      const [master, loser] = await Promise.all(
        ['master', 'loser'].map((name) => connection.create('Account', { Name: `${org.mark}${name}` })),
      );
      const child = await connection.create('Contact', { LastName: `${org.mark}c`, AccountId: loser?.id ?? '' });
      const result = await connection.soap.merge({
        masterRecord: { type: 'Account', Id: master?.id ?? '' },
        recordToMergeIds: [loser?.id ?? ''],
      });
      expect(result).toMatchObject({ success: true, id: master?.id, mergedRecordIds: [loser?.id] });
      expect(await org.client.query(`SELECT AccountId FROM Contact WHERE Id = '${child.id}'`)).toMatchObject([
        { AccountId: master?.id },
      ]);
      await connection.destroy('Contact', child.id ?? '');
      await connection.destroy('Account', master?.id ?? '');
    },
  );
});

describe('queries', () => {
  contract(
    'answer typeless records with their parents, and page behind a locator',
    { source: 'SOAP API Developer Guide: query(), queryMore(), QueryOptions and QueryResult' },
    async (org) => {
      const names = Array.from({ length: 201 }, (_, index) => `${org.mark}${index}`);
      for (const some of [names.slice(0, 200), names.slice(200)]) {
        const answer = await org.client.send('POST', 'composite/sobjects', {
          records: some.map((Name) => ({ attributes: { type: 'Account' }, Name })),
        });
        expect(JSON.stringify(answer)).not.toContain('"success":false');
      }
      const headers = '<QueryOptions><batchSize>200</batchSize></QueryOptions>';
      const soql = `SELECT Name, Owner.Name FROM Account WHERE Name LIKE '${org.mark}%'`;
      const first = await soap(org, 'u', `<query><queryString>${soql}</queryString></query>`, { headers });
      expect([textsOf(first.text, 'done'), textsOf(first.text, 'size')]).toEqual([['false'], ['201']]);
      expect(first.text).toMatch(
        /<sf:type>Account<\/sf:type>.*<sf:Owner xsi:type="sf:sObject"><sf:type>(User|Name)<\/sf:type>/,
      );
      const [locator = ''] = textsOf(first.text, 'queryLocator');
      const rest = await soap(org, 'u', `<queryMore><queryLocator>${locator}</queryLocator></queryMore>`);
      expect([textsOf(rest.text, 'done'), textsOf(rest.text, 'records').length]).toEqual([['true'], 0]);
      expect(rest.text.match(/<records /g)).toHaveLength(1);
      const lost = await soap(org, 'u', '<queryMore><queryLocator>0r8000000000000-200</queryLocator></queryMore>');
      expect([lost.status, textsOf(lost.text, 'faultcode')]).toEqual([500, ['sf:INVALID_QUERY_LOCATOR']]);
    },
  );

  contract(
    'that are wrong are faults with the code of REST',
    { source: 'SOAP API Developer Guide: API Fault Element' },
    async (org) => {
      const answer = await soap(org, 'u', '<query><queryString>SELECT Nmae FROM Account</queryString></query>');
      expect([answer.status, textsOf(answer.text, 'faultcode')]).toEqual([500, ['sf:INVALID_FIELD']]);
      expect(answer.text).toContain('InvalidFieldFault');
    },
  );
});

describe('the session', () => {
  contract(
    'says who is logged in, and what the time is',
    { source: 'SOAP API Developer Guide: getUserInfo(), getServerTimestamp(); read by jsforce api/soap.js' },
    async (org) => {
      const connection = connected(org);
      const info = await connection.soap.getUserInfo();
      expect(info).toMatchObject({ organizationId: org.orgId, userId: org.userId, userName: org.username });
      const { timestamp } = await connection.soap.getServerTimestamp();
      expect(Number.isFinite(Date.parse(timestamp))).toBe(true);
    },
  );

  contract(
    'describes objects as REST does',
    { source: 'SOAP API Developer Guide: describeGlobal(), describeSObject(), describeSObjects()' },
    async (org) => {
      const all = await soap(org, 'u', '<describeGlobal/>');
      expect(textsOf(all.text, 'name')).toContain('Account');
      const one = await soap(org, 'u', '<describeSObject><sObjectType>Account</sObjectType></describeSObject>');
      expect(textsOf(one.text, 'name')).toContain('NumberOfEmployees');
      const two = await soap(
        org,
        'u',
        '<describeSObjects><sObjectType>Account</sObjectType><sObjectType>Contact</sObjectType></describeSObjects>',
      );
      expect(two.text.match(/<result>/g)).toHaveLength(2);
      const none = await soap(org, 'u', '<describeSObject><sObjectType>Spaceship</sObjectType></describeSObject>');
      expect([none.status, textsOf(none.text, 'faultcode')]).toEqual([500, ['sf:INVALID_TYPE']]);
    },
  );

  contract(
    'cannot be had for a password, and an operation that is none is a fault of the client [K]',
    {
      source: 'general knowledge: External Client Apps take no passwords; the words of the fault',
      onlyLocal: 'it would count as failed logins of a real user',
    },
    async (org) => {
      const login = await soap(org, 'u', '<login><username>a</username><password>b</password></login>', { token: '' });
      expect([login.status, textsOf(login.text, 'faultcode')]).toEqual([500, ['sf:INVALID_LOGIN']]);
      const none = await soap(org, 'u', '<fly/>');
      expect([none.status, textsOf(none.text, 'faultcode')]).toEqual([500, ['soapenv:Client']]);
    },
  );
});
