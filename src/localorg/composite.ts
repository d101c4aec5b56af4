/** Several requests in one: composite (which may refer to each other's results), batch, and trees of new records. */
import { z } from 'zod';
import type { ObjectDefinition } from '../schema/model.js';
import type { Engine, RowError } from './engine.js';
import { SalesforceError } from './refusal.js';
import { newestVersion, oldestVersion, valuesOf } from './requests.js';
import { dispatch, objectOf, type Answer, type Call, type Resource } from './resources.js';

const MAXIMUM_REQUESTS = 25;
/** Of the 25, at most five may be queries or collections. */
const MAXIMUM_HEAVY = 5;
const MAXIMUM_TREE = 200;
const MAXIMUM_TYPES = 5;
const MAXIMUM_LEVELS = 5;

/** `inner` is what a request inside another one may ask for. */
export function compositeResources(inner: readonly Resource[]): readonly Resource[] {
  return [
    { method: 'POST', url: '/composite', answer: (call) => composite(call, inner) },
    { method: 'POST', url: '/composite/batch', answer: (call) => batch(call, inner) },
    { method: 'POST', url: '/composite/tree/:object', answer: tree },
  ];
}

const malformedBody = (expected: string): SalesforceError =>
  new SalesforceError(400, 'JSON_PARSER_ERROR', `expected ${expected}`);

const compositeBody = z.object({
  allOrNone: z.boolean().default(false),
  collateSubrequests: z.boolean().default(false),
  compositeRequest: z
    .array(
      z.object({
        method: z.string(),
        url: z.string(),
        referenceId: z.string().regex(/^[a-zA-Z]\w*$/),
        body: z.unknown().optional(),
        httpHeaders: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1),
});
type SubRequest = z.infer<typeof compositeBody>['compositeRequest'][number];

function composite(call: Call, inner: readonly Resource[]): Answer {
  const given = compositeBody.safeParse(call.body);
  if (!given.success)
    throw malformedBody('{"allOrNone": false, "compositeRequest": [{"method", "url", "referenceId", "body"}]}');
  const { allOrNone, compositeRequest: requests } = given.data;
  refuseTooMany(requests.length);
  const heavy = requests.filter(({ url }) => /\/(query|queryAll|composite)\b/i.test(url)).length;
  if (heavy > MAXIMUM_HEAVY) {
    throw new SalesforceError(
      400,
      'LIMIT_EXCEEDED',
      `at most ${MAXIMUM_HEAVY} subrequests may be queries or collections (${heavy} given)`,
    );
  }
  const again = requests.find(
    ({ referenceId: id }, index) => requests.findIndex((o) => o.referenceId === id) !== index,
  );
  if (again !== undefined) {
    throw new SalesforceError(400, 'INVALID_INPUT', `Duplicate reference ID: ${again.referenceId}`);
  }
  const answers = call.org.transaction(() => {
    const done: { referenceId: string; answer: Answer }[] = [];
    const results = new Map<string, unknown>();
    for (const request of requests) {
      const answer = answerOne(call.org, request, inner, results);
      done.push({ referenceId: request.referenceId, answer });
      if (answer.status < 300) results.set(request.referenceId, answer.body);
      if (allOrNone && isFailure(answer)) {
        return { rollback: true, result: halted(requests, done.length - 1, answer) };
      }
    }
    return { rollback: false, result: done };
  });
  return {
    status: 200,
    body: {
      compositeResponse: answers.map(({ referenceId, answer }) => ({
        body: answer.body ?? null,
        httpHeaders: answer.headers ?? {},
        httpStatusCode: answer.status,
        referenceId,
      })),
    },
  };
}

function refuseTooMany(count: number): void {
  if (count <= MAXIMUM_REQUESTS) return;
  throw new SalesforceError(
    400,
    'LIMIT_EXCEEDED',
    `at most ${MAXIMUM_REQUESTS} subrequests are allowed in one request (${count} given)`,
  );
}

/** A collection whose rows fail answers 200; all-or-none looks into it. */
function isFailure({ status, body }: Answer): boolean {
  return status >= 300 || (Array.isArray(body) && body.some(isFailedRow));
}

const isFailedRow = (row: unknown): boolean =>
  typeof row === 'object' && row !== null && 'success' in row && row.success === false;

/** Everything is taken back: the culprit keeps its answer, the others say why they have none. */
function halted(
  requests: readonly SubRequest[],
  culprit: number,
  answer: Answer,
): { referenceId: string; answer: Answer }[] {
  return requests.map(({ referenceId }, index) => ({
    referenceId,
    answer:
      index === culprit
        ? answer
        : refusedAnswer(
            'PROCESSING_HALTED',
            'The transaction was rolled back since another operation in the same transaction failed.',
          ),
  }));
}

const refusedAnswer = (errorCode: string, message: string): Answer => ({
  status: 400,
  body: [{ errorCode, message }],
});

function answerOne(
  org: Engine,
  request: SubRequest,
  inner: readonly Resource[],
  results: ReadonlyMap<string, unknown>,
): Answer {
  const target = targetOf(request.url);
  if (target === null) {
    return refusedAnswer(
      'INVALID_INPUT',
      `The URL of a subrequest must start with /services/data/vXX.X/: ${request.url}`,
    );
  }
  try {
    const url = filled(target.url, results, true);
    const body = filledBody(request.body, results);
    return dispatch(inner, org, { method: request.method.toUpperCase(), version: target.version, url, body });
  } catch (error) {
    if (error instanceof MissingReference) return refusedAnswer('PROCESSING_HALTED', error.message);
    throw error;
  }
}

function targetOf(url: string): { version: string; url: string } | null {
  const [, version = '', rest = ''] = /^\/?services\/data\/v(\d{2}\.0)(\/.*)$/i.exec(url) ?? [];
  return isVersion(version) ? { version, url: rest } : null;
}

const isVersion = (version: string): boolean =>
  Number(version) >= oldestVersion && Number(version) <= newestVersion && version !== '';

class MissingReference extends Error {}

/** Text with each `@{ref.path}` replaced by what an earlier subrequest answered there. */
function filled(text: string, results: ReadonlyMap<string, unknown>, isUrl = false): string {
  return text.replaceAll(/@\{(\w+)((?:\.\w+|\[\d+\])*)\}/g, (whole, reference: string, path: string) => {
    let value = results.get(reference);
    for (const [, name, index] of path.matchAll(/\.(\w+)|\[(\d+)\]/g)) value = stepInto(value, name ?? index ?? '');
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new MissingReference(
        `Invalid reference specified. No value for ${whole.slice(2, -1)} found in ${reference}`,
      );
    }
    return isUrl ? encodeURIComponent(value) : String(value);
  });
}

const stepInto = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

function filledBody(body: unknown, results: ReadonlyMap<string, unknown>): unknown {
  if (typeof body === 'string') return filled(body, results);
  if (Array.isArray(body)) return body.map((each) => filledBody(each, results));
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, filledBody(value, results)]));
}

const batchBody = z.object({
  haltOnError: z.boolean().default(false),
  batchRequests: z.array(z.object({ method: z.string(), url: z.string(), richInput: z.unknown().optional() })).min(1),
});

/** Requests that know nothing of each other; each stands or falls by itself. */
function batch(call: Call, inner: readonly Resource[]): Answer {
  const given = batchBody.safeParse(call.body);
  if (!given.success) throw malformedBody('{"haltOnError": false, "batchRequests": [{"method", "url", "richInput"}]}');
  const { haltOnError, batchRequests } = given.data;
  refuseTooMany(batchRequests.length);
  let hasErrors = false;
  const results = batchRequests.map(({ method, url, richInput }) => {
    if (hasErrors && haltOnError) {
      const message = 'Batch processing was halted by request of the client';
      return { statusCode: 412, result: [{ errorCode: 'BATCH_PROCESSING_HALTED', message }] };
    }
    const [, version = '', rest = ''] = /^\/?(?:services\/data\/)?v(\d{2}\.0)(\/.*)$/i.exec(url) ?? [];
    const answer = isVersion(version)
      ? dispatch(inner, call.org, { method: method.toUpperCase(), version, url: rest, body: richInput })
      : refusedAnswer('INVALID_INPUT', `The URL of a subrequest must start with vXX.X/: ${url}`);
    hasErrors ||= answer.status >= 400;
    return { statusCode: answer.status, result: answer.body ?? null };
  });
  return { status: 200, body: { hasErrors, results } };
}

type Branch = {
  object: ObjectDefinition;
  referenceId: string;
  values: Record<string, unknown>;
  /** The field that points to the parent, and the parent's place in the list; null at the top. */
  parent: { field: string; index: number } | null;
};

/** New records with their children, all or none, level by level. */
function tree(call: Call): Answer {
  const given = z.object({ records: z.array(z.record(z.string(), z.unknown())).min(1) }).safeParse(call.body);
  if (!given.success)
    throw malformedBody('{"records": [{"attributes": {"type", "referenceId"}, …, "Contacts": {"records": [...]}}]}');
  const branches = branchesOf(call.org, objectOf(call), given.data.records);
  const outcomes = call.org.transaction(() => {
    const ids: string[] = [];
    const failed: { referenceId: string; errors: RowError[] }[] = [];
    for (const { object, referenceId, values, parent } of branches) {
      const parentId = parent === null ? undefined : ids[parent.index];
      // A child of a record that failed can't be tried; the parent says what is wrong.
      if (parent !== null && (parentId ?? '') === '') {
        ids.push('');
        continue;
      }
      const link = parent === null ? {} : { [parent.field]: parentId ?? null };
      const result = call.org.insert(object.api, { ...valuesOf(values, object), ...link });
      ids.push(result.success ? result.id : '');
      if (!result.success) failed.push({ referenceId, errors: result.errors });
    }
    return { rollback: failed.length > 0, result: { ids, failed } };
  });
  if (outcomes.failed.length > 0) return { status: 400, body: { hasErrors: true, results: outcomes.failed } };
  const results = branches.map(({ referenceId }, index) => ({ referenceId, id: outcomes.ids[index] }));
  return { status: 201, body: { hasErrors: false, results } };
}

const topmost: Branch['parent'] = null;

function branchesOf(org: Engine, top: ObjectDefinition, records: readonly Record<string, unknown>[]): Branch[] {
  const branches: Branch[] = [];
  let level = records.map((record) => ({ record, object: top, parent: topmost }));
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAXIMUM_LEVELS) throw tooLarge(`at most ${MAXIMUM_LEVELS} levels of records`);
    const next: typeof level = [];
    for (const { record, object, parent } of level) {
      const index = branches.length;
      const values: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(record)) {
        const children = childrenIn(value);
        if (children === null) {
          values[name] = value;
          continue;
        }
        const link = relationOf(org, object, name);
        for (const child of children) {
          next.push({ record: child, object: link.object, parent: { field: link.field, index } });
        }
      }
      branches.push({ object, referenceId: referenceOf(record, object), values, parent });
      if (branches.length > MAXIMUM_TREE) throw tooLarge(`at most ${MAXIMUM_TREE} records`);
    }
    level = next;
  }
  if (new Set(branches.map(({ object }) => object.api)).size > MAXIMUM_TYPES)
    throw tooLarge(`records of at most ${MAXIMUM_TYPES} objects`);
  const ids = branches.map(({ referenceId }) => referenceId);
  const again = ids.find((id, index) => ids.indexOf(id) !== index);
  if (again !== undefined)
    throw new SalesforceError(400, 'INVALID_INPUT', `Duplicate ReferenceId provided in the request: ${again}`);
  return branches;
}

const tooLarge = (expected: string): SalesforceError =>
  new SalesforceError(400, 'LIMIT_EXCEEDED', `A tree takes ${expected} in one request`);

function childrenIn(value: unknown): Record<string, unknown>[] | null {
  const parsed = z.object({ records: z.array(z.record(z.string(), z.unknown())) }).safeParse(value);
  return parsed.success ? parsed.data.records : null;
}

function referenceOf(record: Record<string, unknown>, object: ObjectDefinition): string {
  const attributes = z.object({ type: z.string(), referenceId: z.string().min(1) }).safeParse(record['attributes']);
  if (!attributes.success) throw malformedBody('"attributes": {"type", "referenceId"} in each record');
  const { type, referenceId } = attributes.data;
  if (type.toLowerCase() !== object.api.toLowerCase()) {
    throw new SalesforceError(400, 'INVALID_TYPE', `expected a record of type ${object.api}, not ${type}`);
  }
  return referenceId;
}

/** The children's object and their field that leads to the parent, by the name of the list. */
function relationOf(org: Engine, parent: ObjectDefinition, name: string): { object: ObjectDefinition; field: string } {
  for (const object of org.objects()) {
    for (const field of Object.values(object.fields)) {
      const isIt = field.childRelationshipName?.toLowerCase() === name.toLowerCase();
      if (isIt && field.referenceTo?.includes(parent.api) === true) return { object, field: field.api };
    }
  }
  throw new SalesforceError(400, 'INVALID_FIELD', `No such child relationship '${name}' on ${parent.api}`, [name]);
}
