/** A local org in memory for one test, met over HTTP like any org. */
import { openClient, type LocalClient } from '../../src/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { Feature } from '../../src/schema/features.js';
import type { LocalOrg } from '../../src/localorg/server.js';

export type TestOrg = LocalOrg & { client: LocalClient };

/** Starts an org on a free port, hands it over, and stops it whatever happens. */
export async function withLocalOrg<T>(
  options: { clock?: string; sources?: readonly string[]; features?: readonly Feature[] },
  work: (org: TestOrg) => Promise<T>,
): Promise<T> {
  const failures: string[] = [];
  const org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date(options.clock ?? '2026-11-24T12:00:00Z'),
    sources: options.sources ?? defaultSources,
    features: options.features ?? [],
    onError: (text) => failures.push(text),
  });
  const client = openClient(org.instanceUrl, org.accessToken);
  try {
    const result = await work({ ...org, client });
    if (failures.length > 0) throw new Error(`The local org failed: ${failures.join('\n')}`);
    return result;
  } finally {
    await client.close();
    await org.stop();
  }
}
