/**
 * The contract between Salesforce and its clients, case by case: each runs against a local org, and against a real one
 * too when `KAM_TEST_ORG` names an org that the `sf` CLI is logged in to.
 *
 *   KAM_TEST_ORG=my-sandbox npx vitest run test/localorg/contract
 */
import { randomBytes } from 'node:crypto';
import { Org } from '@salesforce/core';
import { afterAll, beforeAll, describe, test, type TestContext } from 'vitest';
import { z } from 'zod';
import { LocalOrgRefusal, openClient, type LocalClient } from '../../src/localorg/client.js';
import type { Feature } from '../../src/schema/features.js';
import { withLocalOrg } from './localOrg.js';

/** What a case may touch in either kind of org. */
export type ContractOrg = {
  isReal: boolean;
  instanceUrl: string;
  accessToken: string;
  username: string;
  orgId: string;
  userId: string;
  client: LocalClient;
  /** A session of another user; only a local org opens one without a login. */
  sessionOf?: (username: string) => string | undefined;
  /** One plain request with the token; paths that start with `/` as they are, others below `/services/data/v67.0/`. */
  fetch(
    path: string,
    options?: { method?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>;
  /** Begins the names of a case's own records, so that it finds them among others: `WHERE Name LIKE '${org.mark}%'`. */
  mark: string;
};

export type Proof = {
  /**
   * Who says that Salesforce does this: a page of its documentation, a client's source, an issue thread. A case that
   * rests on nothing but general knowledge carries `[K]` at the end of its title and says here what is only believed;
   * docs/verify-in-org.md lists it.
   */
  source: string;
  /** Why a real org can't run the case; left out where it can. */
  onlyLocal?: string;
  /** The case is about objects of our package; a real org that has not got it passes the case over. */
  needs?: 'our package';
};

/** What a local org is like for a case, where that matters. */
export type Setting = { clock?: string; sources?: readonly string[]; features?: readonly Feature[] };

const V = '/services/data/v67.0/';
const realOrg = process.env['KAM_TEST_ORG'];

export type Work = (org: ContractOrg) => Promise<void>;

/** One case. It makes its own records, named with `org.mark`, and counts on no others; in a real org they are deleted afterwards. */
export function contract(title: string, proof: Proof & Setting, work: Work): void {
  cited(title, proof);
  test(title, () => withLocal(proof, work));
  if (realOrg === undefined) return;
  describe(inRealOrg(realOrg), () => {
    test.skipIf(proof.onlyLocal !== undefined)(title, (context) =>
      withRealOrg(realOrg, async (org) => {
        await passOver(context, proof, org);
        await work(org);
      }),
    );
  });
}

export type SharedCase<T> = (title: string, proof: Proof, work: (org: ContractOrg, made: T) => Promise<void>) => void;

/**
 * Cases that only read, and share what they read: `prepare` makes the records once in each org, and they go when the
 * last case has run.
 */
export function sharedContract<T>(
  setting: Setting,
  prepare: (org: ContractOrg) => Promise<T>,
  cases: (contract: SharedCase<T>) => void,
): void {
  const inOrg = (open: (work: Work) => Promise<void>, isReal: boolean): void => {
    const end = Promise.withResolvers<undefined>();
    let opened: { org: ContractOrg; made: T } | undefined;
    let closed: Promise<void> = Promise.resolve();
    beforeAll(
      () =>
        new Promise<void>((ready, fail) => {
          closed = open(async (org) => {
            opened = { org, made: await prepare(org) };
            ready();
            await end.promise;
          });
          closed.catch(fail);
        }),
    );
    afterAll(async () => {
      end.resolve(undefined);
      await closed;
    });
    cases((title, proof, work) => {
      cited(title, proof);
      test.skipIf(isReal && proof.onlyLocal !== undefined)(title, async (context) => {
        if (opened === undefined) throw new Error('The org did not open.');
        if (isReal) await passOver(context, proof, opened.org);
        await work(opened.org, opened.made);
      });
    });
  };
  describe('in a local org', () => inOrg((work) => withLocal(setting, work), false));
  if (realOrg !== undefined) describe(inRealOrg(realOrg), () => inOrg((work) => withRealOrg(realOrg, work), true));
}

/** A bare token is no name to print. */
const inRealOrg = (name: string): string => `in the org "${name.split('!')[0] ?? ''}"`;

function cited(title: string, { source }: Proof): void {
  if (source.trim().length < 10) throw new Error(`"${title}" cites nobody: expected a page, a source, a thread.`);
}

async function passOver({ skip }: TestContext, { needs }: Proof, org: ContractOrg): Promise<void> {
  if (needs !== undefined && (await org.fetch('sobjects/KAM_Run__c')).status !== 200) skip(`it needs ${needs}`);
}

const withLocal = ({ clock, sources, features }: Setting, work: Work): Promise<void> =>
  withLocalOrg(
    {
      ...(clock === undefined ? {} : { clock }),
      ...(sources === undefined ? {} : { sources }),
      ...(features === undefined ? {} : { features }),
    },
    (org) => work({ ...org, isReal: false, mark: 'case-', fetch: fetchOn(org.instanceUrl, org.accessToken) }),
  );

type Fetch = ContractOrg['fetch'];

const fetchOn =
  (instanceUrl: string, accessToken: string): Fetch =>
  async (path, { method = 'GET', body, headers = {} } = {}) =>
    fetch(`${instanceUrl}${path.startsWith('/') ? path : V + path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

const userInfo = z.object({ user_id: z.string(), organization_id: z.string(), preferred_username: z.string() });

async function withRealOrg(alias: string, work: Work): Promise<void> {
  const login = await Org.create({ aliasOrUsername: alias });
  await login.refreshAuth();
  const connection = login.getConnection();
  const accessToken = connection.accessToken ?? '';
  const origin = new URL(connection.instanceUrl).origin;
  const plain = fetchOn(origin, accessToken);
  const user = userInfo.parse(await (await plain('/services/oauth2/userinfo')).json());
  const client = openClient(origin, accessToken);
  const mark = `kam-case-${randomBytes(4).toString('hex')}-`;
  const made: string[] = [];
  try {
    await work({
      isReal: true,
      instanceUrl: origin,
      accessToken,
      username: user.preferred_username,
      orgId: user.organization_id,
      userId: user.user_id,
      mark,
      client: {
        ...client,
        send: async (method, path, body) => {
          const answer = await client.send(method, path, body);
          if (method !== 'GET') made.push(...idsIn(answer));
          return answer;
        },
      },
      fetch: async (path, options) => {
        const answer = await plain(path, options);
        const isWrite = (options?.method ?? 'GET') !== 'GET';
        const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
        if (isWrite && isJson) made.push(...idsIn(await answer.clone().json()));
        return answer;
      },
    });
  } finally {
    await remove(client, made);
    await sweep(client, mark);
    await client.close();
  }
}

/** Ids of records that a write's answer names, in whatever shape: one result, a list, a tree, a composite. */
function idsIn(answer: unknown): string[] {
  if (Array.isArray(answer)) return answer.flatMap(idsIn);
  if (typeof answer !== 'object' || answer === null) return [];
  return Object.entries(answer).flatMap(([key, value]) =>
    key === 'id' && typeof value === 'string' && /^(?!750|0Af)[a-zA-Z0-9]{18}$/.test(value) ? [value] : idsIn(value),
  );
}

/** Youngest first, so that children go before their parents; what a case has deleted itself may be gone. */
async function remove(client: LocalClient, ids: readonly string[]): Promise<void> {
  const youngestFirst = [...new Set(ids)].toReversed();
  for (let from = 0; from < youngestFirst.length; from += 200) {
    const some = youngestFirst.slice(from, from + 200).join(',');
    await client.send('DELETE', `composite/sobjects?ids=${some}&allOrNone=false`);
  }
}

/** What a bulk job or a client of its own has made, children before their parents; found by the mark. */
async function sweep(client: LocalClient, mark: string): Promise<void> {
  for (const [object, field] of [
    ['Task', 'Subject'],
    ['Opportunity', 'Name'],
    ['Contact', 'LastName'],
    ['Account', 'Name'],
    ['Product2', 'Name'],
    ['KAM_Run__c', 'Ref__c'],
  ] as const) {
    try {
      const left = await client.query(`SELECT Id FROM ${object} WHERE ${field} LIKE '${mark}%'`);
      await remove(
        client,
        left.map(({ Id: id }) => String(id)),
      );
    } catch (error) {
      // An org without our package has nothing of it to be swept.
      if (!(error instanceof LocalOrgRefusal && error.errorCode === 'INVALID_TYPE')) throw error;
    }
  }
}

/** Creates a record, and tells its id. */
export const create = async (
  { client }: Pick<ContractOrg, 'client'>,
  object: string,
  values: Record<string, unknown>,
): Promise<string> => z.object({ id: z.string() }).parse(await client.send('POST', `sobjects/${object}`, values)).id;

/** What an org says to work that it should refuse: status, code and message, or `accepted`. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    if (error instanceof LocalOrgRefusal) return `${error.status} ${error.errorCode}: ${error.message}`;
    throw error;
  }
}
