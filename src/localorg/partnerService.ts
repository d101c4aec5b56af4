/** The partner SOAP API: the calls of a login session that clients use, with the same engine behind them as REST. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { XmlElement } from '../schema/xml.js';
import { createAll, deleteAll, updateAll, upsertAll, type Outcome } from './collections.js';
import { describeBriefly, describeFully } from './describe.js';
import type { ApiRecord, Engine, QueryAnswer, RowError } from './engine.js';
import { SalesforceError } from './refusal.js';
import { valuesOf } from './requests.js';
import { SoapFault, type Operation, type Service, type SoapCall, type Xml } from './soap.js';

const NAMESPACE = 'urn:partner.soap.sforce.com';

/**
 * The partner API.
 *
 * Shape:  records are typeless: `type`, `Id`, then the fields in the namespace of sObjects.
 * Source: SOAP API Developer Guide and the partner WSDL; jsforce api/soap.js for what clients send.
 */
export function partnerService(sessions: { end(token: string): boolean }): Service {
  const cursors = openCursors();
  const operations: Record<string, Operation> = {
    // Salesforce no longer takes passwords from new clients by SOAP either.
    login: () => {
      throw new SoapFault('INVALID_LOGIN', 'Invalid username, password, security token; or user locked out.');
    },
    logout: ({ token }) => {
      sessions.end(token);
      return undefined;
    },
    getServerTimestamp: ({ org }) => ({ timestamp: org.now() }),
    getUserInfo: ({ org, version }) => userInfo(org, version),
    describeGlobal: ({ org, version }) => ({
      encoding: 'UTF-8',
      maxBatchSize: 200,
      sobjects: org.objects().map((object) => described(describeBriefly(object, `${version}`))),
    }),
    describeSObject: (call) => describedObject(call, call.request.required('sObjectType')),
    describeSObjects: (call) => texts(call.request, 'sObjectType').map((name) => describedObject(call, name)),
    query: (call) => cursors.first(call, call.request.required('queryString'), false),
    queryAll: (call) => cursors.first(call, call.request.required('queryString'), true),
    queryMore: (call) => cursors.next(call.request.required('queryLocator')),
    retrieve: retrieved,
    create: (call) => createAll(call.org, collection(call, records(call.request, 'sObjects'))).map(saved),
    update: (call) => updateAll(call.org, collection(call, records(call.request, 'sObjects'))).map(saved),
    upsert: upserted,
    delete: (call) =>
      deleteAll(call.org, { ids: texts(call.request, 'ids').join(','), allOrNone: String(isAllOrNone(call)) }).map(
        saved,
      ),
    undelete: ({ request, org }) => texts(request, 'ids').map((id) => saved(org.undelete(id))),
    emptyRecycleBin: ({ request, org }) => texts(request, 'ids').map((id) => saved(org.purge(id))),
    merge: (call) =>
      call.request
        .all('request')
        .concat(call.request.all('mergeRequests'))
        .map((request) => merged(call.org, request)),
  };
  return {
    path: 'u',
    namespace: NAMESPACE,
    prefixes: { sf: 'urn:sobject.partner.soap.sforce.com', fns: 'urn:fault.partner.soap.sforce.com' },
    operations,
    open: ['login'],
  };
}

const texts = (request: XmlElement, name: string): string[] => request.all(name).map(({ text }) => text.trim());

const isAllOrNone = ({ header }: SoapCall): boolean => header('AllOrNoneHeader')?.flag('allOrNone', false) ?? false;

const collection = (call: SoapCall, rows: Record<string, unknown>[]): Record<string, unknown> => ({
  allOrNone: isAllOrNone(call),
  records: rows,
});

const records = (request: XmlElement, name: string): Record<string, unknown>[] => request.all(name).map(recordIn);

/** A record as REST would send it. An empty element changes nothing; `fieldsToNull` empties. */
function recordIn(xml: XmlElement): Record<string, unknown> {
  const type = xml.string('type');
  if (type === undefined) throw new SoapFault('INVALID_TYPE', 'Must send a concrete entity type.');
  const record: Record<string, unknown> = { attributes: { type } };
  for (const child of xml.children) {
    if (child.name === 'type' || child.name === 'fieldsToNull' || (child.text === '' && child.children.length === 0))
      continue;
    if (child.children.length > 0) record[child.name] = parentIn(child);
    else record[child.name] = child.text;
  }
  for (const name of texts(xml, 'fieldsToNull')) record[name] = null;
  return record;
}

/** A parent that is named by its external id, as REST nests it. */
const parentIn = (xml: XmlElement): Record<string, string> =>
  Object.fromEntries(xml.children.filter(({ name }) => name !== 'type').map(({ name, text }) => [name, text]));

type Saved =
  Outcome | { success: true; id: string; created?: boolean; errors: [] } | { success: false; errors: RowError[] };

/** A SaveResult; the fields in the order of the WSDL. */
const saved = (outcome: Saved): Xml => ({
  errors: outcome.errors.map(errorOf),
  id: outcome.success ? outcome.id : null,
  success: outcome.success,
});

const errorOf = ({ fields, message, statusCode }: RowError): Xml => ({ fields, message, statusCode });

function upserted(call: SoapCall): Xml {
  const field = call.request.string('externalIDFieldName') ?? call.request.string('externalIdFieldName');
  if (field === undefined) throw new SoapFault('MISSING_ARGUMENT', 'externalIDFieldName is required');
  const rows = records(call.request, 'sObjects');
  const [first] = rows.map(({ attributes }) => z.object({ type: z.string() }).parse(attributes).type);
  if (first === undefined) return [];
  return upsertAll(call.org, first, field, collection(call, rows)).map((outcome) => ({
    created: outcome.created ?? false,
    errors: outcome.errors.map(errorOf),
    id: outcome.success ? outcome.id : null,
    success: outcome.success,
  }));
}

/** Source: SOAP API Developer Guide, merge(): MergeRequest and MergeResult. */
function merged(org: Engine, request: XmlElement): Xml {
  const master = request.one('masterRecord');
  if (master === undefined) throw new SoapFault('MISSING_ARGUMENT', 'masterRecord is required');
  const record = recordIn(master);
  const object = org.object(master.required('type'));
  if (object === undefined)
    throw new SoapFault('INVALID_TYPE', `sObject type '${master.required('type')}' is not supported.`);
  const { Id, ...values } = record;
  if (typeof Id !== 'string') throw new SoapFault('MISSING_ARGUMENT', 'Id not specified in the master record');
  const result = org.merge(object.api, Id, valuesOf(values, object), texts(request, 'recordToMergeIds'));
  return {
    errors: result.errors.map(errorOf),
    id: result.success ? result.id : null,
    mergedRecordIds: result.success ? result.mergedRecordIds : [],
    success: result.success,
    updatedRelatedIds: result.success ? result.updatedRelatedIds : [],
  };
}

function retrieved({ request, org, version }: SoapCall): Xml {
  const object = request.required('sObjectType');
  if (org.object(object) === undefined)
    throw new SoapFault('INVALID_TYPE', `sObject type '${object}' is not supported.`);
  const fields = request
    .required('fieldList')
    .split(',')
    .map((name) => name.trim());
  const found = texts(request, 'ids').map((id) => org.retrieve(object, id, fields, version));
  return found.map((record) => (record === undefined ? null : recordXml(record)));
}

function userInfo(org: Engine, apiVersion: string): Xml {
  const one = (soql: string): ApiRecord => {
    const [record] = org.query(soql, { apiVersion, purpose: 'rest' }).records(0, 1);
    if (record === undefined) throw new Error(`Nothing answers ${soql}.`);
    return record;
  };
  const user = one(
    `SELECT Name, Email, ProfileId, LanguageLocaleKey, LocaleSidKey, TimeZoneSidKey FROM User WHERE Id = '${org.userId}'`,
  );
  const organization = one('SELECT Name FROM Organization');
  return {
    accessibilityMode: false,
    currencySymbol: '$',
    orgAttachmentFileSizeLimit: 26_214_400,
    orgDefaultCurrencyIsoCode: 'USD',
    orgDisallowHtmlAttachments: false,
    orgHasPersonAccounts: org.object('Account')?.fields['IsPersonAccount'] !== undefined,
    organizationId: org.orgId,
    organizationMultiCurrency: org.object('CurrencyType') !== undefined,
    organizationName: asXml(organization['Name']),
    profileId: asXml(user['ProfileId']),
    roleId: null,
    sessionSecondsValid: 7200,
    userDefaultCurrencyIsoCode: null,
    userEmail: asXml(user['Email']),
    userFullName: asXml(user['Name']),
    userId: org.userId,
    userLanguage: asXml(user['LanguageLocaleKey']),
    userLocale: asXml(user['LocaleSidKey']),
    userName: org.username,
    userTimeZone: asXml(user['TimeZoneSidKey']),
    userType: 'Standard',
    userUiSkin: 'Theme3',
  };
}

function describedObject({ org, version }: SoapCall, name: string): Xml {
  const object = org.object(name);
  if (object === undefined) throw new SoapFault('INVALID_TYPE', `sObject type '${name}' is not supported.`);
  return described(describeFully(object, org.objects(), version));
}

/** A describe as the WSDL has it: its elements by name, and none for what is null. */
function described(value: unknown): Xml {
  if (Array.isArray(value)) return value.map(described);
  if (typeof value !== 'object' || value === null) return asXml(value);
  const entries = Object.entries(value)
    .filter(([name, one]) => one !== null && name !== 'urls')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, described(one)]));
}

const MAXIMUM_CURSORS = 200;

/** Pages of SOAP queries: 500 records, or what QueryOptions asks for, from 200 to 2000. */
function openCursors(): { first(call: SoapCall, soql: string, withDeleted: boolean): Xml; next(locator: string): Xml } {
  const cursors = new Map<string, { answer: QueryAnswer; batch: number }>();
  const page = (
    key: string | undefined,
    { answer, batch }: { answer: QueryAnswer; batch: number },
    from: number,
  ): Xml => {
    const until = Math.min(answer.totalSize, from + batch);
    const done = until >= answer.totalSize;
    const name = done ? undefined : (key ?? keep({ answer, batch }));
    return {
      '@xsi:type': 'QueryResult',
      done,
      queryLocator: name === undefined ? null : `${name}-${until}`,
      records: answer.records(from, batch).map(recordXml),
      size: answer.totalSize,
    };
  };
  const keep = (cursor: { answer: QueryAnswer; batch: number }): string => {
    const name = `0r8${randomBytes(11).toString('hex')}`.slice(0, 18);
    // The oldest goes first, so that clients that never finish cost no memory.
    const [oldest] = cursors.keys();
    if (cursors.size >= MAXIMUM_CURSORS && oldest !== undefined) cursors.delete(oldest);
    cursors.set(name, cursor);
    return name;
  };
  return {
    first: ({ org, version, header }, soql, withDeleted) => {
      const answer = org.query(soql, { apiVersion: version, purpose: 'rest', withDeleted });
      const asked = Number(header('QueryOptions')?.string('batchSize') ?? '500');
      const batch = Number.isInteger(asked) ? Math.min(2000, Math.max(200, asked)) : 500;
      return page(undefined, { answer, batch }, 0);
    },
    next: (locator) => {
      const [, key = '', from = ''] = /^(0r8\w+)-(\d+)$/.exec(locator) ?? [];
      const cursor = cursors.get(key);
      if (cursor === undefined || Number(from) >= cursor.answer.totalSize) {
        throw new SoapFault('INVALID_QUERY_LOCATOR', 'invalid query locator');
      }
      return page(key, cursor, Number(from));
    },
  };
}

function recordXml(record: ApiRecord): Xml {
  const { attributes, Id, ...fields } = record;
  const inner = Object.entries(fields).map(([name, value]): [string, Xml] => [`sf:${name}`, fieldXml(value)]);
  return {
    '@xsi:type': 'sf:sObject',
    'sf:type': attributes.type,
    'sf:Id': asXml(Id ?? null),
    ...Object.fromEntries(inner),
  };
}

const nested = z.object({ attributes: z.object({ type: z.string() }) }).loose();
const children = z.object({ totalSize: z.number(), done: z.boolean(), records: z.array(nested) });

function fieldXml(value: unknown): Xml {
  const parent = nested.safeParse(value);
  if (parent.success) return recordXml(parent.data);
  const list = children.safeParse(value);
  if (!list.success) return asXml(value);
  const { totalSize, done, records: rows } = list.data;
  return { '@xsi:type': 'QueryResult', done, queryLocator: null, records: rows.map(recordXml), size: totalSize };
}

/** Instants end in Z here and in +0000 in REST. */
function asXml(value: unknown): Xml {
  if (typeof value === 'string') return value.replace(/^(\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3})\+0000$/, '$1Z');
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new SalesforceError(500, 'UNKNOWN_EXCEPTION', `No XML for a value of type ${typeof value}.`);
}
