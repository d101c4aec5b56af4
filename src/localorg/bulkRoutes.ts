/** Bulk API 2.0 query jobs by HTTP, and the refusal of the Bulk API before it. */
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { jobJson, resultPage, resultPages, type QueryJobs } from './bulkQuery.js';
import { hitOf } from './faults.js';
import { SalesforceError } from './refusal.js';
import { notFound, versionOf } from './requests.js';

export function bulkRoutes(api: FastifyInstance, jobs: QueryJobs): void {
  const idIn = (request: FastifyRequest): string => z.object({ job: z.string() }).parse(request.params).job;
  const pageIn = (request: FastifyRequest): { locator: string | undefined; maxRecords: number | undefined } => {
    const query = z
      .object({ locator: z.string().optional(), maxRecords: z.coerce.number().int().min(1).optional() })
      .safeParse(request.query);
    if (!query.success)
      throw new SalesforceError(400, 'INVALID_PARAMETER', 'maxRecords must be a whole number above 0');
    return { locator: query.data.locator, maxRecords: query.data.maxRecords };
  };
  const lookedAt = (request: FastifyRequest): ReturnType<QueryJobs['get']> => {
    const stuck = hitOf(request.hits, 'bulk-job-stuck');
    const failing = hitOf(request.hits, 'bulk-job-failed');
    if (stuck === undefined && failing === undefined) return jobs.get(idIn(request), versionOf(request));
    stuck?.fired('job held in progress');
    if (failing === undefined) return jobs.hold(idIn(request));
    failing.fired('job failed');
    return jobs.fail(idIn(request), 'InternalServerError : Error while reading the results');
  };
  api.post('/jobs/query', (request) => {
    const body = z.record(z.string(), z.unknown()).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required');
    return jobJson(jobs.create(request.org, body.data, versionOf(request)), false);
  });
  api.get('/jobs/query', () => ({
    done: true,
    records: jobs.list().map((job) => jobJson(job, false)),
    nextRecordsUrl: null,
  }));
  api.get('/jobs/query/:job', (request) => jobJson(lookedAt(request), true));
  api.patch('/jobs/query/:job', (request) => {
    const body = z.object({ state: z.literal('Aborted') }).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'INVALIDJOB', 'expected {"state": "Aborted"}');
    return jobJson(jobs.abort(idIn(request), versionOf(request)), false);
  });
  api.delete('/jobs/query/:job', (request, reply) => {
    jobs.delete(idIn(request));
    return reply.code(204).send();
  });
  const sameVersion = (request: FastifyRequest): ReturnType<QueryJobs['get']> => {
    const job = jobs.get(idIn(request), versionOf(request));
    if (job.apiVersion !== versionOf(request)) {
      throw new SalesforceError(
        409,
        'API_VERSION_MISMATCH',
        `The job was created with API version ${job.apiVersion}; get its results with the same version.`,
      );
    }
    return job;
  };
  api.get('/jobs/query/:job/results', (request, reply) => {
    const { locator, maxRecords } = pageIn(request);
    const page = resultPage(sameVersion(request), locator, maxRecords);
    void reply
      .type('text/csv; charset=utf-8')
      .header('Sforce-NumberOfRecords', page.rows)
      .header('Sforce-Locator', page.locator ?? 'null');
    const csv = Readable.from(page.csv());
    if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(csv);
    return reply.header('content-encoding', 'gzip').send(csv.pipe(createGzip({ level: 1 })));
  });
  api.get('/jobs/query/:job/resultPages', (request) => {
    const { locator, maxRecords } = pageIn(request);
    if (Number(versionOf(request)) < 58) throw notFound();
    return resultPages(sameVersion(request), locator, maxRecords);
  });
}

/**
 * The first Bulk API, which a local org refuses as one where it is switched off.
 *
 * Source: Bulk API Developer Guide, "Errors": InvalidSessionId, FeatureNotEnabled; jsforce api/bulk.js reads both.
 */
export async function asyncRoutes(app: FastifyInstance, isSession: (token: string) => boolean): Promise<void> {
  await app.register(async (old) => {
    old.removeAllContentTypeParsers();
    old.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    old.post('/services/async/:version/job', (request, reply) => {
      const isOpen = isSession(String(request.headers['x-sfdc-session'] ?? ''));
      const [code, text] = isOpen
        ? ['FeatureNotEnabled', 'Bulk API is not enabled for this organization; use Bulk API 2.0']
        : ['InvalidSessionId', 'Invalid session id'];
      if (/json/.test(String(request.headers['content-type'] ?? '')))
        return reply.code(400).type('application/json').send({ exceptionCode: code, exceptionMessage: text });
      const inner = `<exceptionCode>${code}</exceptionCode><exceptionMessage>${text}</exceptionMessage>`;
      return reply
        .code(400)
        .type('application/xml')
        .send(
          `<?xml version="1.0" encoding="UTF-8"?><error xmlns="http://www.force.com/2009/06/asyncapi/dataload">${inner}</error>`,
        );
    });
  });
}
