/** What only a local org has: its status, its clock, its reset, its end. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Engine } from './engine.js';
import { SalesforceError } from './refusal.js';
import type { ServerOptions } from './server.js';
import { newestVersion } from './requests.js';

/** What only a local org has: its clock, its reset, its end. Same token. */
export function adminRoutes(
  app: FastifyInstance,
  engine: Engine,
  traffic: { all: number; writes: number },
  options: ServerOptions,
): void {
  const status = (): Record<string, unknown> => ({
    localOrg: true,
    orgId: engine.orgId,
    username: engine.username,
    clock: engine.now().toISOString(),
    apiCalls: traffic.all,
    writes: traffic.writes,
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
