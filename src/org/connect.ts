/** From what `sf` knows of a login to the org that the job works on. */
import { SfError, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { RecordId } from '../kam/units.js';
import { PREFLIGHT_FAILED } from './exitCodes.js';
import { openTransport, refusalCode, type Pace, type Transport } from './transport.js';

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
export async function connect(login: Org, apiVersion: string | undefined, pace?: Pace): Promise<KamOrg> {
  const version = apiVersion ?? testedApiVersion;
  const { instanceUrl = '' } = login.getConnection();
  const transport = openTransport(login, instanceUrl, pace);
  // A bare access token has no username of its own; the org says whose it is.
  const { body } = await transport.send('GET', '/services/oauth2/userinfo').catch((error: unknown) => {
    if (error instanceof SfError) error.exitCode = PREFLIGHT_FAILED;
    throw error;
  });
  const user = userInfo.parse(body);
  const descriptions = new Map<string, Promise<DescribedObject | null>>();
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
      const known = descriptions.get(object);
      if (known !== undefined) return known;
      const asked = describeWith(transport, path(`sobjects/${object}/describe`));
      descriptions.set(object, asked);
      return asked;
    },
    now: async () => {
      const { headers } = await transport.send('GET', '/services/data');
      const time = Date.parse(headers['date'] ?? '');
      return Number.isNaN(time) ? new Date() : new Date(time);
    },
    apiCalls: () => transport.calls(),
  };
}

const described = z.object({
  name: z.string(),
  createable: z.boolean(),
  updateable: z.boolean(),
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      length: z.number(),
      updateable: z.boolean(),
      createable: z.boolean(),
      calculated: z.boolean(),
      unique: z.boolean(),
      externalId: z.boolean(),
      referenceTo: z.array(z.string()),
      filterable: z.boolean(),
      picklistValues: z.array(z.object({ value: z.string(), active: z.boolean() })).default([]),
    }),
  ),
});

async function describeWith(transport: Transport, path: string): Promise<DescribedObject | null> {
  try {
    const { fields, ...object } = described.parse((await transport.send('GET', path)).body);
    const list = fields.map(({ picklistValues, ...field }): [string, DescribedField] => [
      field.name,
      { ...field, values: picklistValues.filter(({ active }) => active).map(({ value }) => value) },
    ]);
    return { ...object, fields: new Map(list) };
  } catch (error) {
    if (refusalCode(error) === 'NOT_FOUND') return null;
    throw error;
  }
}
