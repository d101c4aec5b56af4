/** A small client for the commands that fill and steer a local org; it meets the org over HTTP as any other client. */
import { Pool } from 'undici';
import { z } from 'zod';

export type LocalClient = {
  instanceUrl: string;
  send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  query(soql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

/** The org refused a request; status, code and message as it gave them. */
export class LocalOrgRefusal extends Error {
  public constructor(
    public readonly status: number,
    public readonly errorCode: string,
    message: string,
  ) {
    super(message);
    this.name = 'LocalOrgRefusal';
  }
}

const API = '/services/data/v67.0';

/** Opens a client with a few kept connections. Paths that start with `/` are taken as they are, others below the API's root. */
export function openClient(instanceUrl: string, accessToken: string): LocalClient {
  const pool = new Pool(instanceUrl, { connections: 4, headersTimeout: 120_000, bodyTimeout: 120_000 });
  const send: LocalClient['send'] = async (method, path, body) => {
    const response = await pool.request({
      method,
      path: path.startsWith('/') ? path : `${API}/${path}`,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw refusalOf(response.statusCode, text);
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    return parsed;
  };
  return {
    instanceUrl,
    send,
    query: async (soql) => {
      const records: Record<string, unknown>[] = [];
      let path: string | undefined = `query?q=${encodeURIComponent(soql)}`;
      while (path !== undefined) {
        const page = queryPage.parse(await send('GET', path));
        records.push(...page.records);
        path = page.nextRecordsUrl;
      }
      return records;
    },
    close: () => pool.close(),
  };
}

const queryPage = z.object({
  records: z.array(z.record(z.string(), z.unknown())),
  nextRecordsUrl: z.string().optional(),
});
const errorBody = z.array(z.object({ errorCode: z.string(), message: z.string() })).min(1);

function refusalOf(status: number, text: string): LocalOrgRefusal {
  try {
    const parsed = errorBody.safeParse(JSON.parse(text));
    const first = parsed.success ? parsed.data[0] : undefined;
    if (first !== undefined) return new LocalOrgRefusal(status, first.errorCode, first.message);
  } catch {
    // Not JSON: the raw text below says more than the parser's complaint.
  }
  return new LocalOrgRefusal(status, 'UNKNOWN', text.slice(0, 300));
}
