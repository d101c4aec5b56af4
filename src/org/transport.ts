/** Our own way to Salesforce's data: kept connections, timeouts, the one retry policy, bodies streamed to disk. */
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { Messages, SfError, type Org } from '@salesforce/core';
import pRetry from 'p-retry';
import { Agent, request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { STOPPED } from './exitCodes.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: unknown };

export type SendOptions = {
  /**
   * May it be sent again where nobody knows whether it was done? GET and DELETE may, and what sets values or upserts by
   * key; who has to look first says no.
   */
  again?: boolean;
  /** A body that is text of this type and not JSON. */
  contentType?: string;
};

export type Transport = {
  /** Sends JSON and reads JSON. Paths start with `/`. */
  send(method: Method, path: string, body?: unknown, options?: SendOptions): Promise<Answer>;
  /** Writes a body to a file as it comes, gzip as gzip; returns the headers and whether it is gzip. */
  download(path: string, file: string): Promise<{ headers: Readonly<Record<string, string>>; isGzip: boolean }>;
  /** Requests sent to `/services/data/`, each of which Salesforce counts; retries too. */
  calls(): number;
  /** Requests that were sent again. */
  retries(): number;
  /** What the org said last of its daily API calls. */
  usage(): { used: number; max: number } | null;
};

/** How patient a run is with the org, in milliseconds, and from how many rows on it works by jobs. */
export type Pace = {
  /** Tries after the first. */
  retries: number;
  /** Before the first retry; doubled before each next one, and stretched at random by up to as much again. */
  firstPause: number;
  longestPause: number;
  /** How long a body may be silent. */
  idle: number;
  /** What the pauses before locked rows are tried again are measured in: at most twice as much, four times, up to 60. */
  locked: number;
  /** So many rows of a query come by REST, and so many of a kind are written by it; more by a job. */
  readsByRest: number;
  writesByRest: number;
  /** What jobs that write are waited for in. */
  job: number;
};

export const nightPace: Pace = {
  retries: 5,
  firstPause: 0.5 * SECOND,
  longestPause: 30 * SECOND,
  idle: 60 * SECOND,
  locked: SECOND,
  // Salesforce recommends Bulk from 2,000 rows on; up to here REST is as many calls or fewer.
  readsByRest: 10_000,
  writesByRest: 5000,
  job: SECOND,
};

/** A run may send so many requests again, or this share of all of them. Then the org is not well, and more would not help. */
const FREE_RETRIES = 100;
const RETRY_SHARE = 0.1;

const RENEWALS = 2;
const RENEWALS_WITHIN = 10 * MINUTE;

/**
 * Opens the transport of one login.
 *
 * Errors: `OrgUnreachableError`, `ServerFailedError` and `BadAnswerError` (exit 69: a rerun goes on), after retries where
 *         the request may be sent again; `SessionExpiredError`; `RequestRefusedError` (with Salesforce's code as
 *         `data.code`).
 *         GET, PATCH and DELETE are retried with growing pauses where the connection or the server fails, as our
 *         PATCHes set values or upsert by key; a POST is not, unless its sender says that it may.
 */
export function openTransport(login: Org, instanceUrl: string, pace: Pace = nightPace): Transport {
  const { origin } = new URL(instanceUrl);
  let calls = 0;
  let retries = 0;
  let usage: { used: number; max: number } | null = null;
  const renew = renewalOf(login, origin);
  const dispatcher = new Agent({
    connections: 8,
    connect: { timeout: 10 * SECOND },
    headersTimeout: 130 * SECOND,
    bodyTimeout: pace.idle,
  });

  const ask = async (
    method: Method,
    path: string,
    token: string,
    body: unknown,
    contentType: string,
  ): Promise<Dispatcher.ResponseData> => {
    if (path.startsWith('/services/data/')) calls += 1;
    try {
      return await request(`${origin}${path}`, {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/csv',
          'accept-encoding': 'gzip',
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    } catch (error) {
      throw unreachable(origin, error);
    }
  };

  /** One request, and once more with a fresh token where the old one is refused; the body is not read yet. */
  const answered = async (
    method: Method,
    path: string,
    body: unknown,
    contentType: string,
  ): Promise<Dispatcher.ResponseData> => {
    let token = tokenOf(login);
    let response = await ask(method, path, token, body, contentType);
    while (isLoggedOut(path, response.statusCode)) {
      await response.body.dump();
      token = await renew(token);
      response = await ask(method, path, token, body, contentType);
    }
    usage = usageIn(response.headers) ?? usage;
    if (response.statusCode >= 300) throw await refusalIn(method, path, response);
    return response;
  };

  const retried = <T>(work: () => Promise<T>): Promise<T> =>
    pRetry(work, {
      retries: pace.retries,
      minTimeout: pace.firstPause,
      maxTimeout: pace.longestPause,
      randomize: true,
      onFailedAttempt: ({ error }) => sleep(askedPause(error, pace.longestPause)),
      shouldRetry: ({ error }) => {
        if (!mayPass(error) || retries >= Math.max(FREE_RETRIES, RETRY_SHARE * calls)) return false;
        retries += 1;
        return true;
      },
    });

  return {
    send: (method, path, body, { again = method !== 'POST', contentType = 'application/json' } = {}) => {
      const once = async (): Promise<Answer> => {
        const response = await answered(method, path, body, contentType);
        const text = await bodyText(response).catch((error: unknown) => {
          throw unreachable(origin, error);
        });
        return {
          status: response.statusCode,
          headers: plain(response.headers),
          body: parseJson(method, path, text),
        };
      };
      return again ? retried(once) : once();
    },
    download: (path, file) =>
      retried(async () => {
        const response = await answered('GET', path, undefined, 'application/json');
        await pipeline(response.body, createWriteStream(file, { mode: 0o600 })).catch((error: unknown) => {
          throw unreachable(origin, error);
        });
        const headers = plain(response.headers);
        return { headers, isGzip: headers['content-encoding'] === 'gzip' };
      }),
    calls: () => calls,
    retries: () => retries,
    usage: () => usage,
  };
}

const tokenOf = (login: Org): string => login.getConnection().accessToken ?? '';

/**
 * Logs in anew for whoever finds a token refused: those that come together share one login, and one that comes late with
 * an old token takes the new one.
 */
function renewalOf(login: Org, origin: string): (refused: string) => Promise<string> {
  let under: Promise<void> | null = null;
  let times: number[] = [];
  return async (refusedToken) => {
    if (under === null && tokenOf(login) === refusedToken) {
      times = times.filter((at) => performance.now() - at < RENEWALS_WITHIN);
      if (times.length >= RENEWALS) throw messages.createError('error.SessionExpired', [origin]);
      times.push(performance.now());
      under = renewed(login, origin).finally(() => {
        under = null;
      });
    }
    await under;
    return tokenOf(login);
  };
}

/** The identity service answers a dead token with 403; all else with 401. */
const isLoggedOut = (path: string, status: number): boolean =>
  status === 401 || (status === 403 && path === '/services/oauth2/userinfo');

async function renewed(login: Org, origin: string): Promise<void> {
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
    const bad = messages.createError(
      'error.BadAnswer',
      [method, pathOf(path), 'JSON', text.slice(0, 200)],
      [],
      STOPPED,
      error instanceof Error ? error : undefined,
    );
    // A body that somebody before the org cut off cleanly.
    bad.setData({ passes: true });
    throw bad;
  }
}

const errorBody = z.array(z.object({ errorCode: z.string(), message: z.string() })).min(1);

/** What an answer says that is none: the server or somebody before it failed, or Salesforce refused what was asked. */
async function refusalIn(method: Method, path: string, response: Dispatcher.ResponseData): Promise<SfError> {
  const { statusCode: status, headers } = response;
  // A body that breaks off takes nothing from the status.
  const text = await bodyText(response).catch(() => '');
  const parsed = errorBody.safeParse(jsonOrNull(text));
  const first = parsed.success ? parsed.data[0] : undefined;
  const code = first?.errorCode ?? null;
  const message = first?.message ?? text.slice(0, 200);
  const after = Number(headers['retry-after']);
  const data = { status, code, after: Number.isFinite(after) ? after * SECOND : 0 };
  const isCrowded = code === 'REQUEST_LIMIT_EXCEEDED' && /concurrent/i.test(message);
  const error = FAILED.includes(status)
    ? messages.createError('error.ServerFailed', [method, pathOf(path), status, message], [], STOPPED)
    : messages.createError('error.RequestRefused', [method, pathOf(path), status, code ?? '', message]);
  // Salesforce says why in JSON; a refusal that does not was cut off on its way.
  const isCutOff = !parsed.success && path.startsWith('/services/data/');
  error.setData({ ...data, passes: FAILED.includes(status) || isCrowded || isCutOff });
  return error;
}

/** Not acceptable and enhance your calm come without a body where a server is overloaded. */
const FAILED = [406, 420, 429, 500, 502, 503, 504];

const passing = z.object({ passes: z.boolean(), after: z.number().default(0) });

/** A moment later the same request may do; nobody knows whether the org has done it. */
export function mayPass(error: Error): boolean {
  return error instanceof SfError && passing.safeParse(error.data).data?.passes === true;
}

/** What the server asks to wait, within reason. */
function askedPause(error: Error, longest: number): number {
  const after = error instanceof SfError ? (passing.safeParse(error.data).data?.after ?? 0) : 0;
  return Math.min(after, longest);
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
  return z.object({ code: z.string().nullable() }).safeParse(error.data).data?.code ?? null;
}

function unreachable(origin: string, error: unknown): SfError {
  const cause = error instanceof Error ? error : new Error(String(error));
  const reason = 'code' in cause ? String(cause.code) : cause.message;
  const wrapped = messages.createError('error.OrgUnreachable', [origin, reason], [], STOPPED, cause);
  // Not where nobody listens: that is an org that is not there, and the user wants to know at once.
  wrapped.setData({ passes: reason !== 'ECONNREFUSED' });
  return wrapped;
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
