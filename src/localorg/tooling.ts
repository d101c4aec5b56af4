/** The Tooling API as far as clients ask it what an org is made of: its objects, fields and rules, to be read by SOQL. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { FieldDefinition, FieldType, ObjectDefinition } from '../schema/model.js';
import { answerQuery } from './answer.js';
import { columnsJson } from './columnMetadata.js';
import { describeBriefly, describeFully } from './describe.js';
import type { ApiRecord, Engine, OrgComponent } from './engine.js';
import { SalesforceError } from './refusal.js';
import { notFound, versionOf } from './requests.js';
import { compile, ListedCatalog, type Compiled } from './soql.js';
import { openStore, type Store, type StoredRow } from './store.js';

/** Rows of one answer; more than an org of these kinds has is asked for with LIMIT and OFFSET. */
const PAGE = 2000;

/**
 * Opens the routes.
 *
 * Source: Tooling API Developer Guide, "REST Resources" and the objects by name; `@salesforce/core` and plugin-schema for
 *         what the sf CLI asks. Nothing here can be written: what an org is made of changes by a deploy.
 */
export function toolingRoutes(api: FastifyInstance): void {
  const seen = new WeakMap<readonly ObjectDefinition[], Store>();
  const storeOf = (org: Engine): Store => {
    const known = seen.get(org.objects());
    if (known !== undefined) return known;
    const store = filled(org);
    seen.set(org.objects(), store);
    return store;
  };
  const objectIn = (request: FastifyRequest): ObjectDefinition => {
    const { object } = z.object({ object: z.string() }).parse(request.params);
    const found = catalogOf(request.org).object(object);
    if (found === undefined) throw notFound();
    return found;
  };
  api.get('/tooling', (request) => {
    const base = `/services/data/v${versionOf(request)}/tooling`;
    return { sobjects: `${base}/sobjects`, query: `${base}/query` };
  });
  api.get('/tooling/query', (request) => {
    const { q, columns } = z.object({ q: z.string().optional(), columns: z.string().optional() }).parse(request.query);
    if (q === undefined) throw malformed('SOQL query is missing: expected the parameter q.');
    const compiled = compiledFor(request.org, q);
    return columns === 'true' ? columnsJson(compiled) : answered(storeOf(request.org), compiled, versionOf(request));
  });
  api.get('/tooling/sobjects', (request) => ({
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: catalogOf(request.org).list.map((object) => ofTooling(describeBriefly(object, versionOf(request)))),
  }));
  api.get('/tooling/sobjects/:object', (request) => ({
    objectDescribe: ofTooling(describeBriefly(objectIn(request), versionOf(request))),
    recentItems: [],
  }));
  api.get('/tooling/sobjects/:object/describe', (request) =>
    ofTooling(describeFully(objectIn(request), catalogOf(request.org).list, versionOf(request))),
  );
}

/** Addresses that lead back to where they come from. */
function ofTooling(value: Record<string, unknown>): Record<string, unknown> {
  const urls = z.record(z.string(), z.string()).parse(value['urls']);
  const here = Object.entries(urls).map(([name, url]) => [name, toolingPath(url)]);
  return { ...value, urls: Object.fromEntries(here) };
}

const toolingPath = (url: string): string =>
  url.replace(/^(\/services\/data\/v[\d.]+)\/sobjects\//, '$1/tooling/sobjects/');

function compiledFor(org: Engine, soql: string): Compiled {
  const compiled = compile(soql, catalogOf(org), { now: org.now(), purpose: 'rest', withDeleted: false });
  // [K]: fields are only listed for objects that are named.
  const isNamed = /\bWHERE\b.*\b(EntityDefinitionId|EntityDefinition\.\w+|DurableId)\s*(=|IN\b)/is.test(soql);
  if (compiled.object.api === 'FieldDefinition' && !isNamed)
    throw malformed('a filter on a reified column is required [EntityDefinitionId,DurableId]');
  return compiled;
}

function answered(store: Store, compiled: Compiled, apiVersion: string): Record<string, unknown> {
  const answer = answerQuery(compiled, store, apiVersion);
  if (answer.totalSize > PAGE && compiled.kind === 'rows')
    throw malformed(`more than ${PAGE} rows: this org answers tooling queries in one page; add a LIMIT and an OFFSET.`);
  const records = answer.records(0, PAGE).map(withToolingUrl);
  return {
    size: records.length,
    totalSize: answer.totalSize,
    done: true,
    queryLocator: null,
    entityTypeName: compiled.kind === 'rows' ? compiled.object.api : 'AggregateResult',
    records,
  };
}

function withToolingUrl(record: ApiRecord): ApiRecord {
  const { url } = record.attributes;
  return url === undefined ? record : { ...record, attributes: { ...record.attributes, url: toolingPath(url) } };
}

const malformed = (message: string): SalesforceError => new SalesforceError(400, 'MALFORMED_QUERY', message);

const column = (api: string, type: FieldType = 'Text', more: Partial<FieldDefinition> = {}): FieldDefinition => ({
  api,
  label: api.replace(/([a-z])([A-Z])/g, '$1 $2'),
  type,
  ...(type === 'Text' ? { length: 255 } : {}),
  ...(type === 'Number' ? { precision: 9, scale: 0 } : {}),
  ...{ required: false, unique: false, caseSensitive: false, externalId: false },
  ...{ createable: false, updateable: false, calculated: true, custom: false },
  ...more,
});

const toolingObject = (api: string, keyPrefix: string, fields: readonly FieldDefinition[]): ObjectDefinition => {
  const label = api.replace(/([a-z])([A-Z])/g, '$1 $2');
  const all = [column('Id', 'Id', { length: 18 }), ...fields];
  return {
    ...{ api, label, pluralLabel: `${label}s`, keyPrefix, kind: 'standard' },
    ...{ createable: false, updateable: false, deletable: false },
    fields: Object.fromEntries(all.map((field) => [field.api, field])),
  };
};

/** A field that names an object by its durable id, and leads to it. */
const entity = column('EntityDefinitionId', 'Text', {
  referenceTo: ['EntityDefinition'],
  relationshipName: 'EntityDefinition',
});
const named = [column('DeveloperName'), column('NamespacePrefix')];
const times = [column('CreatedDate', 'DateTime'), column('LastModifiedDate', 'DateTime')];

/** What every user may read. */
const open: readonly ObjectDefinition[] = [
  toolingObject('EntityDefinition', '000', [
    ...['DurableId', 'QualifiedApiName', 'DeveloperName', 'NamespacePrefix', 'Label', 'MasterLabel', 'PluralLabel', 'KeyPrefix'].map((name) => column(name)), // prettier-ignore
    ...['IsQueryable', 'IsSearchable', 'IsTriggerable', 'IsCustomizable', 'IsCustomSetting', 'IsDeprecatedAndHidden'].map((name) => column(name, 'Checkbox')), // prettier-ignore
  ]),
  toolingObject('FieldDefinition', '000', [
    ...['DurableId', 'QualifiedApiName', 'DeveloperName', 'NamespacePrefix', 'Label', 'MasterLabel', 'DataType', 'ValueTypeId'].map((name) => column(name)), // prettier-ignore
    ...['Length', 'Precision', 'Scale'].map((name) => column(name, 'Number')),
    ...['IsNillable', 'IsIndexed', 'IsCalculated', 'IsNameField'].map((name) => column(name, 'Checkbox')),
    entity,
  ]),
];

/** What only those may read who may change it. There is no Apex here, so its lists are empty. */
const guarded: readonly ObjectDefinition[] = [
  toolingObject('CustomObject', '01I', [...named, ...times]),
  toolingObject('CustomField', '00N', [...named, column('TableEnumOrId'), entity, ...times]),
  toolingObject('ValidationRule', '03d', [
    ...['ValidationName', 'NamespacePrefix', 'ErrorMessage', 'ErrorDisplayField'].map((name) => column(name)),
    ...[column('Active', 'Checkbox'), entity, ...times],
  ]),
  toolingObject('ApexClass', '01p', [column('Name'), column('NamespacePrefix'), column('Status'), ...times]),
  toolingObject('ApexTrigger', '01q', [column('Name'), column('NamespacePrefix'), column('Status'), ...times]),
];

const catalogs = { open: new ListedCatalog(open), all: new ListedCatalog([...open, ...guarded]) };

const catalogOf = (org: Engine): ListedCatalog => (org.mayModifyMetadata() ? catalogs.all : catalogs.open);

/** The org's objects and components as rows. */
function filled(org: Engine): Store {
  const store = openStore(':memory:');
  const all = [...open, ...guarded];
  store.define(all, all);
  const table = new Map(all.map((object) => [object.api, object]));
  const put = (api: string, row: StoredRow): void => {
    const object = table.get(api);
    if (object !== undefined) store.insert(object, row);
  };
  const components = org.components();
  const ids = new Map(
    components.flatMap(({ type, fullName, id }) => (type === 'CustomObject' ? [[fullName, id]] : [])),
  );
  const entityId = (api: string): string => ids.get(api) ?? api;
  for (const object of org.objects()) {
    put('EntityDefinition', entityRow(object, entityId(object.api)));
    for (const field of Object.values(object.fields)) put('FieldDefinition', fieldRow(field, entityId(object.api)));
  }
  for (const component of components) {
    const { type, fullName, id } = component;
    const [object = '', name = ''] = fullName.split('.');
    const common = { Id: id, ...timesOf(component), NamespacePrefix: null };
    if (type === 'CustomObject' && object.includes('__')) put(type, { ...common, DeveloperName: bare(object) });
    if (type === 'CustomField')
      put(type, {
        ...common,
        ...{ DeveloperName: bare(name), TableEnumOrId: entityId(object), EntityDefinitionId: entityId(object) },
      });
    if (type === 'ValidationRule')
      put(type, { ...common, ...ruleOf(component), ValidationName: name, EntityDefinitionId: entityId(object) });
  }
  return store;
}

const timesOf = ({ createdAt, modifiedAt }: OrgComponent): StoredRow => ({
  CreatedDate: createdAt.getTime(),
  LastModifiedDate: modifiedAt.getTime(),
});

const ruleOf = ({ xml }: OrgComponent): StoredRow => ({
  Active: Number(xml.flag('active', false)),
  ErrorMessage: xml.string('errorMessage') ?? null,
  ErrorDisplayField: xml.string('errorDisplayField') ?? null,
});

const bare = (api: string): string => api.replace(/__(c|mdt)$/, '');

const entityRow = ({ api, label, pluralLabel, keyPrefix, kind }: ObjectDefinition, id: string): StoredRow => ({
  ...{ Id: id, DurableId: id, QualifiedApiName: api, DeveloperName: bare(api), NamespacePrefix: null },
  ...{ Label: label, MasterLabel: label, PluralLabel: pluralLabel, KeyPrefix: keyPrefix },
  ...{
    IsQueryable: 1,
    IsSearchable: Number(kind !== 'customMetadata'),
    IsTriggerable: Number(kind !== 'customMetadata'),
  },
  ...{ IsCustomizable: 1, IsCustomSetting: 0, IsDeprecatedAndHidden: 0 },
});

const fieldRow = (field: FieldDefinition, object: string): StoredRow => ({
  ...{ Id: `${object}.${field.api}`, DurableId: `${object}.${field.api}`, EntityDefinitionId: object },
  ...{ QualifiedApiName: field.api, DeveloperName: bare(field.api), NamespacePrefix: null },
  ...{ Label: field.label, MasterLabel: field.label, DataType: dataTypeOf(field), ValueTypeId: valueTypeOf(field) },
  ...{ Length: field.length ?? 0, Precision: field.precision ?? 0, Scale: field.scale ?? 0 },
  IsNillable: Number(!field.required && field.type !== 'Checkbox' && field.type !== 'Id'),
  IsIndexed: Number(field.type === 'Id' || field.externalId || field.unique || field.referenceTo !== undefined),
  IsCalculated: 0,
  IsNameField: Number(field.api === 'Name'),
});

/** The type as Setup names it. Source: Tooling API Developer Guide, FieldDefinition, DataType. */
function dataTypeOf({ type, length = 255, precision = 18, scale = 0, referenceTo = [] }: FieldDefinition): string {
  const digits = `(${precision - scale}, ${scale})`;
  switch (type) {
    case 'Id':
      return 'Lookup()';
    case 'Text':
      return `Text(${length})`;
    case 'TextArea':
      return `Text Area(${length})`;
    case 'LongTextArea':
      return `Long Text Area(${length})`;
    case 'MultiselectPicklist':
      return 'Picklist (Multi-Select)';
    case 'Number':
    case 'Currency':
    case 'Percent':
      return `${type}${digits}`;
    case 'DateTime':
      return 'Date/Time';
    case 'Lookup':
      return `Lookup(${referenceTo.join(',')})`;
    case 'MasterDetail':
      return `Master-Detail(${referenceTo.join(',')})`;
    case 'AutoNumber':
      return 'Auto Number';
    case 'Url':
      return `URL(${length})`;
    case 'Picklist':
    case 'Checkbox':
    case 'Date':
    case 'Email':
    case 'Phone':
      return type;
  }
}

function valueTypeOf({ type, referenceTo }: FieldDefinition): string {
  if (type === 'Id' || referenceTo !== undefined) return 'id';
  if (type === 'Checkbox') return 'boolean';
  if (type === 'Number' || type === 'Currency' || type === 'Percent') return 'double';
  if (type === 'Date' || type === 'DateTime') return type.toLowerCase();
  return 'string';
}
