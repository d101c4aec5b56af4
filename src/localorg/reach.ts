/** From what `sf` knows of a login to a client for a local org, and for nothing else. */
import { Messages, type Org } from '@salesforce/core';
import { z } from 'zod';
import { LocalOrgRefusal, openClient, type LocalClient } from './client.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'local');

export const localStatus = z.object({
  localOrg: z.literal(true),
  orgId: z.string(),
  username: z.string(),
  clock: z.string(),
  apiCalls: z.number(),
  writes: z.number(),
  records: z.record(z.string(), z.number()),
});
export type LocalStatus = z.infer<typeof localStatus>;

/** What `/local/app` shows. */
export const externalApp = z.object({
  consumerKey: z.string(),
  consumerSecret: z.string(),
  refreshToken: z.string(),
  username: z.string(),
  runAs: z.string(),
  privateKey: z.string().nullable(),
});

export const activeFault = z.object({
  id: z.number(),
  fault: z.looseObject({ kind: z.string() }),
  met: z.number(),
  fired: z.number(),
});

/** What `/local/faults` shows. */
export const faultState = z.object({
  active: z.array(activeFault),
  log: z.array(
    z.object({
      n: z.number(),
      at: z.string(),
      fault: z.number(),
      kind: z.string(),
      method: z.string(),
      url: z.string(),
      detail: z.string(),
    }),
  ),
});
export type FaultState = z.infer<typeof faultState>;

/**
 * Does something with a local org and closes the connection.
 *
 * Errors: `NotUpError` where nothing answers, `NotLocalError` where something else does: no command of a local org may
 *         ever touch a real one.
 */
export async function withLocal<T>(
  login: Org,
  work: (client: LocalClient, status: LocalStatus) => Promise<T>,
): Promise<T> {
  const { instanceUrl = '', accessToken } = login.getConnection();
  const host = new URL(instanceUrl).hostname;
  if (host !== '127.0.0.1' && host !== 'localhost') throw messages.createError('error.NotLocal', [instanceUrl]);
  const client = openClient(`http://127.0.0.1:${new URL(instanceUrl).port}`, accessToken ?? '');
  try {
    return await work(client, await statusOf(client));
  } finally {
    await client.close();
  }
}

async function statusOf(client: LocalClient): Promise<LocalStatus> {
  let answer: unknown;
  try {
    answer = await client.send('GET', '/local/status');
  } catch (error) {
    const refused = error instanceof LocalOrgRefusal;
    throw messages.createError(
      refused ? 'error.NotLocal' : 'error.NotUp',
      [client.instanceUrl],
      [],
      error instanceof Error ? error : undefined,
    );
  }
  const status = localStatus.safeParse(answer);
  if (!status.success) throw messages.createError('error.NotLocal', [client.instanceUrl]);
  return status.data;
}
