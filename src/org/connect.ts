/** From what `sf` knows of a login to the org that the job works on. */
import jsforce from 'jsforce';
import { SfError, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { RecordId } from '../kam/units.js';
import { openTransport, type Transport } from './transport.js';

/** The exit code of a command that found the org not ready and has written nothing. */
export const PREFLIGHT_FAILED = 3;

/** The version that the product is tested with. */
export const testedApiVersion = '67.0';

/** A field as describe shows it to this user; what the user may not see is not there. */
export type DescribedField = {
  name: string;
  type: string;
  length: number;
  updateable: boolean;
  createable: boolean;
  calculated: boolean;
  unique: boolean;
  externalId: boolean;
  /** The objects that a lookup may point to. */
  referenceTo: readonly string[];
  /** Whether a query can ask for records by this field. */
  filterable: boolean;
  /** The values of a picklist that are in use, as records keep them. */
  values: readonly string[];
};
export type DescribedObject = {
  name: string;
  createable: boolean;
  updateable: boolean;
  fields: ReadonlyMap<string, DescribedField>;
};

/** An org as the job sees it. */
export type KamOrg = {
  orgId: RecordId;
  userId: RecordId;
  username: string;
  instanceUrl: string;
  apiVersion: string;
  transport: Transport;
  /** Null where the object does not exist for this user. Asked once, then remembered. */
  describe(object: string): Promise<DescribedObject | null>;
  /** The path of a REST resource of this org's version. */
  path(resource: string): string;
  /** The org's own time. */
  now(): Promise<Date>;
  /** All API calls of this run. */
  apiCalls(): number;
};

const userInfo = z.object({ user_id: z.string(), organization_id: z.string(), preferred_username: z.string() });

/**
 * Connects to an org that `sf` is logged in to.
 *
 * Errors: those of the transport, with exit code 3: the login has expired, or the org does not answer.
 */
export async function connect(login: Org, apiVersion: string | undefined): Promise<KamOrg> {
  const version = apiVersion ?? testedApiVersion;
  const { instanceUrl = '' } = login.getConnection();
  const transport = openTransport(login, instanceUrl);
  // A bare access token has no username of its own; the org says whose it is.
  const { body } = await transport.send('GET', '/services/oauth2/userinfo').catch((error: unknown) => {
    if (error instanceof SfError) error.exitCode = PREFLIGHT_FAILED;
    throw error;
  });
  const user = userInfo.parse(body);
  const described = new Map<string, Promise<DescribedObject | null>>();
  let describes = 0;
  const connection = new jsforce.Connection({
    instanceUrl,
    version,
    accessToken: login.getConnection().accessToken ?? '',
  });
  const path = (resource: string): string => `/services/data/v${version}/${resource}`;
  return {
    orgId: user.organization_id,
    userId: user.user_id,
    username: user.preferred_username,
    instanceUrl,
    apiVersion: version,
    transport,
    path,
    describe: (object) => {
      const known = described.get(object);
      if (known !== undefined) return known;
      describes += 1;
      const asked = describeWith(connection, object);
      described.set(object, asked);
      return asked;
    },
    now: async () => {
      const { headers } = await transport.send('GET', '/services/data');
      const time = Date.parse(headers['date'] ?? '');
      return Number.isNaN(time) ? new Date() : new Date(time);
    },
    apiCalls: () => transport.calls() + describes,
  };
}

async function describeWith(
  connection: InstanceType<typeof jsforce.Connection>,
  object: string,
): Promise<DescribedObject | null> {
  try {
    const { name, createable, updateable, fields } = await connection.describe(object);
    const list = fields.map((field): [string, DescribedField] => [
      field.name,
      {
        name: field.name,
        type: field.type,
        length: field.length,
        updateable: field.updateable,
        createable: field.createable,
        calculated: field.calculated,
        unique: field.unique,
        externalId: field.externalId,
        referenceTo: field.referenceTo ?? [],
        filterable: field.filterable,
        values: (field.picklistValues ?? []).filter(({ active }) => active).map(({ value }) => value),
      },
    ]);
    return { name, createable, updateable, fields: new Map(list) };
  } catch (error) {
    if (
      error instanceof Error &&
      (error.name === 'NOT_FOUND' || ('errorCode' in error && error.errorCode === 'NOT_FOUND'))
    )
      return null;
    throw error;
  }
}
