/** SOQL by REST: pages of records, and small questions of which several fit into one call. */
import { z } from 'zod';
import type { KamOrg } from './connect.js';

/** A query; `all` sees archived records and the recycle bin too. */
export type Soql = { soql: string; all: boolean };

const queryPage = z.object({
  totalSize: z.number(),
  done: z.boolean(),
  nextRecordsUrl: z.string().optional(),
  records: z.array(z.record(z.string(), z.unknown())),
});
export type QueryPage = z.infer<typeof queryPage>;

const queryPath = (org: KamOrg, { soql, all }: Soql): string =>
  org.path(`${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`);

/** The pages of an answer, each asked for when it is wanted. */
export async function* pagesOf(org: KamOrg, query: Soql): AsyncGenerator<QueryPage> {
  let path: string | undefined = queryPath(org, query);
  while (path !== undefined) {
    const page: QueryPage = queryPage.parse((await org.transport.send('GET', path)).body);
    yield page;
    path = page.done ? undefined : page.nextRecordsUrl;
  }
}

/** All records of a small query. */
export async function queryAll(org: KamOrg, soql: string): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  for await (const page of pagesOf(org, { soql, all: false })) records.push(...page.records);
  return records;
}

/** The only page of a COUNT() query. */
export async function countOf(org: KamOrg, query: Soql): Promise<number> {
  return queryPage.parse((await org.transport.send('GET', queryPath(org, query))).body).totalSize;
}

/** Salesforce takes up to five queries in one composite request, and counts it as one call. */
const TOGETHER = 5;

const together = z.object({
  compositeResponse: z.array(z.object({ httpStatusCode: z.number(), body: z.unknown() })),
});

/**
 * The counts of COUNT() queries, in their order; up to five cost one call.
 *
 * Errors: those of the transport, of the query that is refused: what did not come together is asked for by itself.
 */
export async function countsOf(org: KamOrg, queries: readonly Soql[]): Promise<number[]> {
  const counts: number[] = [];
  for (let from = 0; from < queries.length; from += TOGETHER) {
    const some = queries.slice(from, from + TOGETHER);
    const answers =
      some.length === 1
        ? []
        : await askTogether(
            org,
            some.map((query) => queryPath(org, query)),
          );
    for (const [index, query] of some.entries()) {
      const page = queryPage.safeParse(answers[index]);
      counts.push(page.success ? page.data.totalSize : await countOf(org, query));
    }
  }
  return counts;
}

/**
 * What so many GETs answer, in one call; null for each that was not answered with 200.
 *
 * Shape:  up to 25 at once, up to five of them queries. A POST is not sent again by the transport, but a question can be
 *         asked twice: whoever needs an answer asks for it by itself.
 */
export async function askTogether(org: KamOrg, paths: readonly string[]): Promise<unknown[]> {
  const compositeRequest = paths.map((url, n) => ({ method: 'GET', url, referenceId: `question${n}` }));
  try {
    const { body } = await org.transport.send('POST', org.path('composite'), { allOrNone: false, compositeRequest });
    return together
      .parse(body)
      .compositeResponse.map(({ httpStatusCode, body: answer }) => (httpStatusCode === 200 ? answer : null));
  } catch (error) {
    if (error instanceof Error && error.name === 'SessionExpiredError') throw error;
    // The same is asked for by single GETs, which say what is wrong if it stays so.
    return paths.map(() => null);
  }
}
