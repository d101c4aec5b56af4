/** The local org behind its HTTP doors: a database that answers, validates and refuses as Salesforce does. */
import type { ObjectDefinition } from '../schema/model.js';

/** A refusal in Salesforce's words; routes turn it into a status code and an error body. */
export type RowError = { statusCode: string; message: string; fields: string[] };

export type RowResult =
  | { success: true; id: string; created: boolean; errors: [] }
  | { success: false; errors: RowError[] };

/** A value as JSON carries it. */
export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** A record as the REST API returns it: `attributes`, then fields; parents and child lists nested. */
export type ApiRecord = { attributes: { type: string; url?: string } } & Record<string, unknown>;

export type QueryAnswer = {
  /** The entity after FROM. */
  object: string;
  totalSize: number;
  /** Selected columns as flat paths in SELECT order (`Name`, `Account.Name`, `expr0`); child subqueries are left out. */
  columns: string[];
  /** Rows in order from `offset`; read lazily from a snapshot that stays stable for as long as the cursor lives. */
  records(offset: number, count: number): ApiRecord[];
  /** Flat rows in order, for bulk results: never the whole result in memory. */
  rows(offset: number, count: number): (Value)[][];
};

export type Engine = {
  readonly orgId: string;
  readonly userId: string;
  readonly username: string;
  /** The org's own clock, ticking in real time from the moment it was set. */
  now(): Date;
  setClock(to: Date): void;
  objects(): readonly ObjectDefinition[];
  /** By any casing of the API name. */
  object(name: string): ObjectDefinition | undefined;
  /** Throws `SalesforceError` (MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE …). */
  query(soql: string, options: { apiVersion: string; purpose: 'rest' | 'bulk' }): QueryAnswer;
  /** One record by id with the given fields, or all; undefined where there is none. */
  retrieve(object: string, id: string, fields: readonly string[] | undefined, apiVersion: string): ApiRecord | undefined;
  insert(object: string, values: Row): RowResult;
  update(object: string, id: string, values: Row): RowResult;
  upsert(object: string, externalIdField: string, externalId: Value, values: Row): RowResult;
  delete(object: string, id: string): RowResult;
  /** Runs `work` in a savepoint; rolled back when it returns `rollback: true` or throws. */
  transaction<T>(work: () => { result: T; rollback: boolean }): T;
  /** Empties the org of data; metadata stays. */
  reset(): void;
  close(): void;
};

/** A refusal of a whole request, as opposed to one row. */
export class SalesforceError extends Error {
  public constructor(
    public readonly status: number,
    public readonly errorCode: string,
    message: string,
    public readonly fields?: string[],
  ) {
    super(message);
    this.name = 'SalesforceError';
  }
}
