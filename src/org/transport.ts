/** Our own way to Salesforce's data: kept connections, timeouts, one retry policy, bodies streamed to disk. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Messages, type Org } from '@salesforce/core';
import { Agent, interceptors, request, type Dispatcher } from 'undici';
import { z } from 'zod';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

const SECOND = 1000;

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: unknown };

export type Transport = {
  /** Sends JSON and reads JSON. Paths start with `/`. */
  send(method: Method, path: string, body?: unknown): Promise<Answer>;
  /** Writes a body to a file as it comes, gzip as gzip; returns the headers and whether it is gzip. */
  download(path: string, file: string): Promise<{ headers: Readonly<Record<string, string>>; isGzip: boolean }>;
  /** Requests sent to `/services/data/`, each of which Salesforce counts; retries too. */
  calls(): number;
  /** What the org said last of its daily API calls. */
  usage(): { used: number; max: number } | null;
};

/**
 * Opens the transport of one login.
 *
 * Errors: `OrgUnreachableError`, `SessionExpiredError`, `RequestRefusedError` (with Salesforce's code as `data.code`).
 *         GET, PATCH and DELETE are retried with growing pauses where the connection or the server fails, as our
 *         PATCHes set values or upsert by key; a POST never is.
 */
export function openTransport(login: Org, instanceUrl: string): Transport {
  const { origin } = new URL(instanceUrl);
  let calls = 0;
  let usage: { used: number; max: number } | null = null;
  let renewed = false;
  // Counts below the retry, so that every try is counted.
  const counted: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    if (options.path.startsWith('/services/data/')) calls += 1;
    return dispatch(options, handler);
  };
  const dispatcher = new Agent({
    connections: 8,
    connect: { timeout: 10 * SECOND },
    headersTimeout: 130 * SECOND,
    bodyTimeout: 60 * SECOND,
  }).compose(
    counted,
    interceptors.retry({
      maxRetries: 5,
      minTimeout: 0.5 * SECOND,
      maxTimeout: 8 * SECOND,
      methods: ['GET', 'PATCH', 'DELETE'],
      statusCodes: [420, 429, 500, 502, 503, 504],
      // Not where nobody listens: that is an org that is not there, and the user wants to know at once.
      errorCodes: [
        'ECONNRESET',
        'ENOTFOUND',
        'ENETDOWN',
        'ENETUNREACH',
        'EHOSTDOWN',
        'EHOSTUNREACH',
        'EPIPE',
        'UND_ERR_SOCKET',
      ],
    }),
  );

  const ask = async (method: Method, path: string, body?: unknown): Promise<Dispatcher.ResponseData> => {
    const token = login.getConnection().accessToken ?? '';
    try {
      return await request(`${origin}${path}`, {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/csv',
          'accept-encoding': 'gzip',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw unreachable(origin, error);
    }
  };

  /** One request, and once more with a fresh token where the old one is refused. */
  const answered = async (method: Method, path: string, body?: unknown): Promise<Dispatcher.ResponseData> => {
    let response = await ask(method, path, body);
    if (isLoggedOut(path, response.statusCode) && !renewed) {
      await response.body.dump();
      renewed = true;
      await renew(login, origin);
      response = await ask(method, path, body);
    }
    usage = usageIn(response.headers) ?? usage;
    if (isLoggedOut(path, response.statusCode)) throw messages.createError('error.SessionExpired', [origin]);
    if (response.statusCode >= 300) throw refused(method, path, response.statusCode, await bodyText(response));
    renewed = false;
    return response;
  };

  return {
    send: async (method, path, body) => {
      const response = await answered(method, path, body);
      return {
        status: response.statusCode,
        headers: plain(response.headers),
        body: parseJson(method, path, await bodyText(response)),
      };
    },
    download: async (path, file) => {
      const response = await answered('GET', path);
      await pipeline(response.body, createWriteStream(file, { mode: 0o600 })).catch((error: unknown) => {
        throw unreachable(origin, error);
      });
      const headers = plain(response.headers);
      return { headers, isGzip: headers['content-encoding'] === 'gzip' };
    },
    calls: () => calls,
    usage: () => usage,
  };
}

/** The identity service answers a dead token with 403; all else with 401. */
const isLoggedOut = (path: string, status: number): boolean =>
  status === 401 || (status === 403 && path === '/services/oauth2/userinfo');

async function renew(login: Org, origin: string): Promise<void> {
  try {
    await login.refreshAuth();
  } catch (error) {
    // A bare access token cannot be renewed; whatever the reason, the user has to log in again.
    throw messages.createError('error.SessionExpired', [origin], [], error instanceof Error ? error : undefined);
  }
}

async function bodyText(response: Dispatcher.ResponseData): Promise<string> {
  const bytes = Buffer.from(await response.body.arrayBuffer());
  if (response.headers['content-encoding'] !== 'gzip') return bytes.toString('utf8');
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(bytes).toString('utf8');
}

function parseJson(method: Method, path: string, text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw messages.createError(
      'error.BadAnswer',
      [method, pathOf(path), 'JSON', text.slice(0, 200)],
      [],
      error instanceof Error ? error : undefined,
    );
  }
}

const errorBody = z.array(z.object({ errorCode: z.string(), message: z.string() })).min(1);

function refused(method: Method, path: string, status: number, text: string): Error {
  const parsed = errorBody.safeParse(jsonOrNull(text));
  const first = parsed.success ? parsed.data[0] : undefined;
  const error = messages.createError('error.RequestRefused', [
    method,
    pathOf(path),
    status,
    first?.errorCode ?? '',
    first?.message ?? text.slice(0, 200),
  ]);
  error.setData({ status, code: first?.errorCode ?? null });
  return error;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Salesforce's code of a refused request; null for every other error. */
export function refusalCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'RequestRefusedError' || !('data' in error)) return null;
  const data = z.object({ code: z.string().nullable() }).safeParse(error.data);
  return data.success ? data.data.code : null;
}

function unreachable(origin: string, error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = 'code' in cause ? String(cause.code) : cause.message;
  return messages.createError('error.OrgUnreachable', [origin, reason], [], cause);
}

function usageIn(headers: Dispatcher.ResponseData['headers']): { used: number; max: number } | null {
  const match = /api-usage=(\d+)\/(\d+)/.exec(String(headers['sforce-limit-info'] ?? ''));
  return match === null ? null : { used: Number(match[1]), max: Number(match[2]) };
}

const pathOf = (path: string): string => path.split('?')[0] ?? path;

function plain(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
