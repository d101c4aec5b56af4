/** Resources of the REST API as functions, so that they answer alike by themselves and inside a composite request. */
import type { FastifyInstance } from 'fastify';
import type { ObjectDefinition } from '../schema/model.js';
import type { Engine } from './engine.js';
import { SalesforceError } from './refusal.js';
import { notFound, versionOf } from './requests.js';

/** One request as a resource sees it, whichever way it came. */
export type Call = {
  /** The org as the caller sees it. */
  org: Engine;
  version: string;
  path: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
};

export type Answer = { status: number; body?: unknown; headers?: Readonly<Record<string, string>> };

export type Resource = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/services/data/vXX.X`, with parts such as `:object`. */
  url: string;
  answer(call: Call): Answer;
};

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Opens resources at their own paths. */
export function serve(api: FastifyInstance, resources: readonly Resource[]): void {
  for (const { method, url, answer } of resources) {
    api.route({
      method,
      url,
      handler: (request, reply) => {
        const given = answer({
          org: request.org,
          version: versionOf(request),
          path: textsIn(request.params),
          query: recordIn(request.query),
          body: request.body,
        });
        if (isStanding(request.headers['if-modified-since'], given.headers?.['Last-Modified'])) {
          return reply.code(304).send();
        }
        return reply
          .code(given.status)
          .headers({ ...given.headers })
          .send(given.body);
      },
    });
  }
}

/** Whether what a client keeps is still true. */
const isStanding = (since: string | undefined, changed: string | undefined): boolean =>
  since !== undefined && changed !== undefined && Date.parse(since) >= Date.parse(changed);

/**
 * Answers a request that came inside another one.
 *
 * Errors: none; a refusal is an answer with its status and error list, as it would be by itself.
 */
export function dispatch(
  resources: readonly Resource[],
  org: Engine,
  { method, version, url, body }: { method: string; version: string; url: string; body: unknown },
): Answer {
  try {
    const { pathname, searchParams } = new URL(url, 'http://local/');
    const parts = pathname.split('/').filter((part) => part !== '');
    for (const resource of resources) {
      const path = resource.method === method ? matched(resource.url, parts) : null;
      if (path !== null) return resource.answer({ org, version, path, query: Object.fromEntries(searchParams), body });
    }
    throw notFound();
  } catch (error) {
    if (error instanceof SalesforceError) return { status: error.status, body: errorList(error) };
    throw error;
  }
}

/** A refusal as the REST API lists it. */
export const errorList = ({ message, errorCode, fields }: SalesforceError): unknown[] => [
  { message, errorCode, ...(fields === undefined ? {} : { fields }) },
];

/** Named parts of a path, or null where the path is another one; fixed parts are read in any case. */
function matched(pattern: string, parts: readonly string[]): Record<string, string> | null {
  const wanted = pattern.split('/').filter((part) => part !== '');
  if (wanted.length !== parts.length) return null;
  const found: Record<string, string> = {};
  for (const [index, name] of wanted.entries()) {
    const part = decodeURIComponent(parts[index] ?? '');
    if (name.startsWith(':')) found[name.slice(1)] = part;
    else if (name.toLowerCase() !== part.toLowerCase()) return null;
  }
  return found;
}

/** The object that a path names, as far as the caller may see it. */
export function objectOf({ org, path }: Pick<Call, 'org' | 'path'>): ObjectDefinition {
  const object = org.object(path['object'] ?? '');
  if (object === undefined) throw notFound();
  return object;
}

const recordIn = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const textsIn = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(recordIn(value)).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
