/** Bulk API 2.0 ingest jobs by HTTP. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ingestJobJson, MAXIMUM_UPLOAD, resultFile, type IngestJobs, type ResultFile } from './bulkIngest.js';
import { hitOf } from './faults.js';
import { SalesforceError } from './refusal.js';
import { versionOf } from './requests.js';

const files = ['successfulResults', 'failedResults', 'unprocessedrecords'] as const satisfies readonly ResultFile[];

export function ingestRoutes(api: FastifyInstance, jobs: IngestJobs): void {
  const idIn = (request: FastifyRequest): string => z.object({ job: z.string() }).parse(request.params).job;
  api.addContentTypeParser(/^text\/csv/, { parseAs: 'buffer', bodyLimit: MAXIMUM_UPLOAD }, (_request, body, done) => {
    done(null, body);
  });
  api.post('/jobs/ingest', (request) => {
    const body = z.record(z.string(), z.unknown()).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required');
    return ingestJobJson(jobs.create(request.org, body.data, versionOf(request)), false);
  });
  api.get('/jobs/ingest', () => ({
    done: true,
    records: jobs.list().map((job) => ingestJobJson(job, false)),
    nextRecordsUrl: null,
  }));
  api.get('/jobs/ingest/:job', (request) => {
    const job = jobs.get(idIn(request));
    const stuck = hitOf(request.hits, 'bulk-job-stuck');
    if (stuck === undefined || job.state === 'Open' || job.state === 'Aborted') return ingestJobJson(job, true);
    stuck.fired('job shown in progress');
    return { ...ingestJobJson(job, false), state: 'InProgress' };
  });
  api.patch('/jobs/ingest/:job', (request) => {
    const body = z.object({ state: z.enum(['UploadComplete', 'Aborted']) }).safeParse(request.body);
    if (!body.success) {
      throw new SalesforceError(400, 'INVALIDJOB', 'expected {"state": "UploadComplete"} or {"state": "Aborted"}');
    }
    const id = idIn(request);
    return ingestJobJson(body.data.state === 'Aborted' ? jobs.abort(id) : jobs.complete(id, request.trouble), false);
  });
  api.delete('/jobs/ingest/:job', (request, reply) => {
    jobs.delete(idIn(request));
    return reply.code(204).send();
  });
  api.put('/jobs/ingest/:job/batches', { bodyLimit: MAXIMUM_UPLOAD }, (request, reply) => {
    const { body } = request;
    if (!Buffer.isBuffer(body)) {
      throw new SalesforceError(415, 'UNSUPPORTED_MEDIA_TYPE', 'Content type is not supported; send text/csv.');
    }
    jobs.upload(idIn(request), body);
    return reply.code(201).send();
  });
  for (const file of files) {
    api.get(`/jobs/ingest/:job/${file}`, (request, reply) => {
      const job = jobs.get(idIn(request));
      if (job.state !== 'JobComplete' && job.state !== 'Failed' && job.state !== 'Aborted') {
        throw new SalesforceError(
          400,
          'INVALIDJOBSTATE',
          `The job is in state ${job.state}; results are available when it has ended.`,
        );
      }
      return reply.type('text/csv; charset=utf-8').send(Readable.from(resultFile(job, file)));
    });
  }
}
