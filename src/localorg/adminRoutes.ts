/** What only a local org has: its status, its clock, its reset, its end. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Engine } from './engine.js';
import type { AppKeeper, ExternalApp } from './externalApp.js';
import { SalesforceError } from './refusal.js';
import type { ServerOptions } from './server.js';
import { newestVersion } from './requests.js';
import type { Sessions } from './sessions.js';
import type { Traffic } from './traffic.js';

/** What only a local org has: its clock, its reset, its end. Same token. */
export function adminRoutes(app: FastifyInstance, engine: Engine, traffic: Traffic, options: ServerOptions): void {
  const status = (): Record<string, unknown> => ({
    localOrg: true,
    orgId: engine.orgId,
    username: engine.username,
    clock: engine.now().toISOString(),
    apiCalls: traffic.calls().all,
    writes: traffic.calls().writes,
    records: Object.fromEntries(
      engine
        .objects()
        .filter(({ kind, createable }) => kind !== 'customMetadata' && createable)
        .map(({ api }): [string, number] => [
          api,
          engine.query(`SELECT COUNT() FROM ${api}`, { apiVersion: `${newestVersion}.0`, purpose: 'rest' }).totalSize,
        ])
        .filter(([, count]) => count > 0),
    ),
  });
  app.get('/local/status', status);
  app.post('/local/clock', (request) => {
    const body = z.object({ to: z.iso.datetime({ offset: true }) }).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'INVALID_PARAMETER', 'expected {"to": "2026-11-24T12:00:00Z"}');
    engine.setClock(new Date(body.data.to));
    return status();
  });
  app.post('/local/reset', () => {
    engine.reset();
    return status();
  });
  app.post('/local/stop', (_request, reply) => {
    setImmediate(() => options.onStop?.());
    return reply.code(202).send({ stopping: true });
  });
}

type Logins = { engine: Engine; sessions: Sessions; apps: AppKeeper; accessToken: string };

/** What a client logs in with, and the end of every session on demand. */
export function sessionRoutes(app: FastifyInstance, { engine, sessions, apps, accessToken }: Logins): void {
  const shown = (external: ExternalApp): Record<string, unknown> => {
    const { consumerKey, consumerSecret, refreshToken, runAs, privateKey } = external;
    sessions.grant(refreshToken, engine.userId);
    return { consumerKey, consumerSecret, refreshToken, username: engine.username, runAs, privateKey };
  };
  app.get('/local/app', async () => shown(await apps.ready(engine.username)));
  app.post('/local/app', async (request) => {
    const body = z.object({ certificate: z.string().optional(), runAs: z.string().optional() }).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'INVALID_PARAMETER', 'expected {"certificate": "-----BEGIN …"}');
    const { certificate, runAs } = body.data;
    try {
      return shown(
        apps.change(await apps.ready(engine.username), {
          ...(certificate === undefined ? {} : { certificate }),
          ...(runAs === undefined ? {} : { runAs }),
        }),
      );
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      throw new SalesforceError(
        400,
        'INVALID_PARAMETER',
        `certificate: expected an X.509 certificate or a public key in PEM (${error.message})`,
      );
    }
  });
  app.post('/local/sessions/expire', () => ({ ended: sessions.endAll() }));
  app.post('/local/sessions/restore', () => {
    sessions.keep(accessToken, engine.userId);
    return { restored: true };
  });
}
