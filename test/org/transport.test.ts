/** The transport on an org that misbehaves: what is sent again, how often, and what is not. */
import { Org } from '@salesforce/core';
import { expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/org/transport.js';
import { withLocalOrg, type TestOrg } from '../support/localOrg.js';
import { quickPace } from '../support/smallOrg.js';

const query = '/services/data/v67.0/query?q=SELECT+Id+FROM+User';
const accounts = '/services/data/v67.0/sobjects/Account';

const withTransport = (
  fault: Record<string, unknown>,
  work: (transport: Transport, org: TestOrg) => Promise<void>,
): Promise<void> =>
  withLocalOrg({}, async (org) => {
    process.env['SF_ORG_INSTANCE_URL'] = org.instanceUrl;
    const login = await Org.create({ aliasOrUsername: org.accessToken });
    await org.client.send('POST', '/local/faults', fault);
    await work(openTransport(login, org.instanceUrl, quickPace), org);
  });

for (const [what, fault] of [
  ['a connection that is reset', { kind: 'reset-before' }],
  ['a page of HTML with 503', { kind: 'server-error', status: 503 }],
  ['420 without a body', { kind: 'empty-answer', status: 420 }],
  ['too many requests at once', { kind: 'concurrent-limit' }],
  ['a body that is cut off', { kind: 'truncated-body' }],
  ['a body that is cut off as if it were whole', { kind: 'truncated-body', ending: 'clean' }],
  ['a body that stands still', { kind: 'stalled-body' }],
] as const) {
  test(`after ${what} a GET is sent again, and so once more`, () =>
    withTransport({ ...fault, next: 2 }, async (transport) => {
      const { body } = await transport.send('GET', query);
      expect(body).toMatchObject({ done: true });
      expect([transport.calls(), transport.retries()]).toEqual([3, 2]);
    }));
}

test('after six tries it says that the org does not answer, and that a rerun may do', () =>
  withTransport({ kind: 'reset-before', every: 1 }, async (transport) => {
    await expect(transport.send('GET', query)).rejects.toMatchObject({ name: 'OrgUnreachableError', exitCode: 69 });
    expect(transport.calls()).toBe(6);
  }));

test('a server that fails is named with what was asked', () =>
  withTransport({ kind: 'server-error', status: 503, body: 'json', every: 1 }, async (transport) => {
    await expect(transport.send('GET', query)).rejects.toMatchObject({
      name: 'ServerFailedError',
      message: expect.stringContaining('GET /services/data/v67.0/query was answered with 503'),
      exitCode: 69,
    });
  }));

test('a POST is sent once, unless its sender knows better', () =>
  withTransport({ kind: 'server-error', status: 503, work: 'done', next: 1 }, async (transport, org) => {
    await expect(transport.send('POST', accounts, { Name: 'Once' })).rejects.toThrow('503');
    expect(transport.calls()).toBe(1);
    expect(await org.client.query("SELECT Id FROM Account WHERE Name = 'Once'")).toHaveLength(1);
  }));

test('what is refused is not sent again', () =>
  withTransport({ kind: 'latency', ms: 1 }, async (transport) => {
    await expect(transport.send('GET', query.replace('User', 'Nobody'))).rejects.toMatchObject({
      name: 'RequestRefusedError',
      data: { status: 400, code: 'INVALID_TYPE' },
      exitCode: 1,
    });
    expect(transport.calls()).toBe(1);
  }));

test('requests that find the session expired together share one login, which a bare token cannot renew', () =>
  withTransport({ kind: 'session-refused' }, async (transport) => {
    const all = await Promise.allSettled([1, 2, 3].map(() => transport.send('GET', query)));
    for (const each of all) expect(each).toMatchObject({ status: 'rejected', reason: { name: 'SessionExpiredError' } });
    expect(transport.calls()).toBe(3);
  }));

test('a run sends a hundred requests again, then none: the org is not well', () =>
  withTransport({ kind: 'reset-before', every: 1 }, async (transport) => {
    for (let n = 0; n < 20; n += 1) await expect(transport.send('GET', query)).rejects.toThrow();
    expect([transport.calls(), transport.retries()]).toEqual([120, 100]);
    await expect(transport.send('GET', query)).rejects.toThrow('does not answer');
    expect([transport.calls(), transport.retries()]).toEqual([121, 100]);
  }));
