/** What an org is made of: its versions, resources, limits and the describe of its objects. */
import type { FastifyInstance } from 'fastify';
import { describeBriefly, describeFully } from './describe.js';
import type { ServerOptions } from './server.js';
import { newestVersion, objectIn, oldestVersion, versionOf } from './requests.js';

export function versions(): unknown[] {
  const seasons = ['Spring', 'Summer', 'Winter'];
  return Array.from({ length: newestVersion - oldestVersion + 1 }, (_, index) => {
    const version = oldestVersion + index;
    // v50 was Winter '21; three releases a year.
    const release = version - 50 + 2;
    return {
      label: `${seasons[release % 3]} '${21 + Math.floor((version - 50 + (release % 3 === 2 ? 0 : 2)) / 3)}`,
      url: `/services/data/v${version}.0`,
      version: `${version}.0`,
    };
  });
}

export function resourceRoutes(api: FastifyInstance, traffic: { all: number }, options: ServerOptions): void {
  api.get('', (request) => {
    const base = `/services/data/v${versionOf(request)}`;
    return {
      sobjects: `${base}/sobjects`,
      query: `${base}/query`,
      limits: `${base}/limits`,
      composite: `${base}/composite`,
      jobs: `${base}/jobs`,
    };
  });
  api.get('/limits', () => {
    const max = options.dailyCalls ?? 100_000;
    const full = (Max: number): { Max: number; Remaining: number } => ({ Max, Remaining: Max });
    return {
      DailyApiRequests: { Max: max, Remaining: Math.max(0, max - traffic.all) },
      DailyBulkApiBatches: full(15_000),
      DailyBulkV2QueryJobs: full(10_000),
      DailyBulkV2QueryFileStorageMB: full(976_562),
      DataStorageMB: full(1024),
      FileStorageMB: full(1024),
    };
  });
  api.get('/sobjects', (request) => ({
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: request.org.objects().map((object) => describeBriefly(object, versionOf(request))),
  }));
  api.get('/sobjects/:object', (request) => {
    const object = objectIn(request);
    return { objectDescribe: describeBriefly(object, versionOf(request)), recentItems: [] };
  });
  api.get('/sobjects/:object/describe', (request) =>
    describeFully(objectIn(request), request.org.objects(), versionOf(request)),
  );
}
