/** Where faults are switched on and off, and where their log is read. */
import type { FastifyInstance } from 'fastify';
import { z, ZodError } from 'zod';
import { faultKinds, type ActiveFault, type FaultTable } from './faults.js';
import { SalesforceError } from './refusal.js';
import { notFound } from './requests.js';
import type { Traffic } from './traffic.js';

export function faultRoutes(app: FastifyInstance, faults: FaultTable, traffic: Traffic): void {
  const shown = (): { active: readonly ActiveFault[]; log: unknown } => ({
    active: faults.active(),
    log: faults.log(),
  });
  app.get('/local/faults', shown);
  app.post('/local/faults', (request, reply) => {
    const active = added(faults, request.body);
    if (active.fault.kind === 'daily-limit') traffic.leave(active.fault.left);
    return reply.code(201).send(active);
  });
  app.delete('/local/faults', () => {
    faults.remove('all');
    traffic.leave(null);
    return shown();
  });
  app.delete('/local/faults/log', () => {
    faults.clearLog();
    return shown();
  });
  app.delete('/local/faults/:id', (request) => {
    const id = z.object({ id: z.coerce.number() }).safeParse(request.params);
    const standing = faults.active().find((each) => each.id === id.data?.id);
    if (standing === undefined) throw notFound();
    faults.remove(standing.id);
    if (standing.fault.kind === 'daily-limit') traffic.leave(null);
    return shown();
  });
}

function added(faults: FaultTable, body: unknown): ActiveFault {
  try {
    return faults.add(body);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const [issue] = error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'fault' : issue.path.join('.');
    const kinds = where === 'kind' ? ` Kinds: ${faultKinds.join(', ')}.` : '';
    throw new SalesforceError(400, 'INVALID_PARAMETER', `${where}: ${issue?.message ?? 'is none'}.${kinds}`);
  }
}
