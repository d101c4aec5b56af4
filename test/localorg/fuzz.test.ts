/**
 * Junk on every door: the org answers as Salesforce refuses, never with a 500, and goes on living.
 *
 * `KAM_SEED` draws other junk, `KAM_FUZZ` more of it.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { Pool } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';

const runs = Number(process.env['KAM_FUZZ'] ?? 150);
const failures: string[] = [];
let org: LocalOrg;
let pool: Pool;

beforeAll(async () => {
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
    onError: (text) => failures.push(text),
  });
  pool = new Pool(org.instanceUrl, { connections: 4, headersTimeout: 10_000, bodyTimeout: 10_000 });
  const records = Array.from({ length: 40 }, (_, n) => ({
    attributes: { type: 'Account' },
    Name: `Account ${n}`,
    Industry: n % 2 === 0 ? 'Machinery' : null,
    NumberOfEmployees: n,
  }));
  await ask('POST', 'composite/sobjects', JSON.stringify({ records }));
});

afterAll(async () => {
  await pool.close();
  await org.stop();
});

/** Whatever the junk was, nothing unforeseen has happened, and the next request is answered. */
afterEach(async () => {
  expect(failures.splice(0)).toEqual([]);
  expect((await ask('GET', 'limits')).status).toBe(200);
});

type Answer = { status: number; text: string };

async function ask(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Answer> {
  const response = await pool.request({
    method,
    path: path.startsWith('/') ? path : `/services/data/v67.0/${path}`,
    headers: { authorization: `Bearer ${org.accessToken}`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.statusCode, text: await response.body.text() };
}

const errors = z.array(z.object({ errorCode: z.string().min(1), message: z.string() })).min(1);

/** Answered, or refused with a code and a message; never a failure of the org itself. */
function expectSound({ status, text }: Answer): void {
  expect(status).toBeLessThan(500);
  if (status >= 400) expect(errors.safeParse(JSON.parse(text)).success).toBe(true);
}

describe('SOQL', () => {
  const name = fc.constantFrom(
    ...['Id', 'Name', 'Industry', 'NumberOfEmployees', 'CreatedDate', 'ParentId', 'IsDeleted', 'KAM_Score__c', 'Nope'],
    ...['Parent.Name', 'Owner.Name', 'Parent.Parent.Owner.Alias', 'Account.Name', 'a.b.c.d.e.f.g', "O'Brien", '', '*'],
  );
  const literal = fc.oneof(
    fc.constantFrom('null', 'true', 'TODAY', 'LAST_N_DAYS:3', 'LAST_N_DAYS:', '2026-11-24', '2026-11-24T00:00:00Z'),
    fc.constantFrom(
      '2026-13-45',
      '1e309',
      '-0',
      'EUR500',
      "'",
      "'\\'",
      "'\\u0000'",
      ':bind',
      '(SELECT Id FROM Account)',
    ),
    fc.integer().map(String),
    fc.double().map(String),
    fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  );
  const operator = fc.constantFrom(
    '=',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    '<>',
    '==',
    'LIKE',
    'IN',
    'NOT IN',
    'INCLUDES',
    'EXCLUDES',
  );
  const comparison = fc.oneof(
    fc.tuple(name, operator, literal).map((parts) => parts.join(' ')),
    fc
      .tuple(name, fc.constantFrom('IN', 'NOT IN', 'INCLUDES'), fc.array(literal, { maxLength: 4 }))
      .map(([field, op, list]) => `${field} ${op} (${list.join(', ')})`),
    fc
      .tuple(name, name, comparisonSource())
      .map(([field, inner, where]) => `${field} IN (SELECT ${inner} FROM Contact ${where})`),
  );
  function comparisonSource(): fc.Arbitrary<string> {
    return fc.constantFrom('', 'WHERE LastName != null', 'WHERE', 'LIMIT 0', 'ORDER BY Id');
  }
  const condition = fc.letrec<{ term: string }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      comparison,
      fc.tuple(tie('term'), fc.constantFrom('AND', 'OR'), tie('term')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('term').map((term) => `NOT ${term}`),
      tie('term').map((term) => `(${term})`),
    ),
  })).term;
  const item = fc.oneof(
    name,
    fc
      .tuple(
        fc.constantFrom(
          'COUNT',
          'SUM',
          'AVG',
          'MIN',
          'MAX',
          'CALENDAR_YEAR',
          'toLabel',
          'FORMAT',
          'FIELDS',
          'GROUPING',
        ),
        name,
      )
      .map(([call, field]) => `${call}(${field})`),
    fc.constantFrom(
      'COUNT()',
      'FIELDS(ALL)',
      '(SELECT Id FROM Contacts)',
      '(SELECT Id, (SELECT Id FROM Cases) FROM Contacts)',
    ),
    fc.constantFrom('TYPEOF Owner WHEN User THEN Id END', 'Name n', 'SELECT'),
  );
  const query = fc
    .record({
      items: fc.array(item, { maxLength: 5 }),
      from: fc.constantFrom(
        'Account',
        'Account a',
        'Contact',
        'Task',
        'Nothing',
        'KAM_Settings__mdt',
        'Account, Contact',
        '',
      ),
      where: fc.option(condition),
      group: fc.option(fc.array(name, { minLength: 1, maxLength: 3 })),
      having: fc.option(condition),
      order: fc.option(
        fc.tuple(name, fc.constantFrom('', 'ASC', 'DESC', 'NULLS LAST', 'DESC NULLS FIRST', 'SIDEWAYS')),
      ),
      limit: fc.option(
        fc.oneof(fc.integer({ min: -2, max: 100_000 }), fc.constantFrom('x', '1e3', '99999999999999999999')),
      ),
      offset: fc.option(fc.integer({ min: -1, max: 3000 })),
      tail: fc.constantFrom(
        '',
        'FOR VIEW',
        'FOR UPDATE',
        'ALL ROWS',
        'USING SCOPE mine',
        ';',
        '-- x',
        '/* x */',
        'UNION SELECT 1',
      ),
    })
    .map(({ items, from, where, group, having, order, limit, offset, tail }) =>
      [
        `SELECT ${items.join(', ')} FROM ${from}`,
        where === null ? '' : `WHERE ${where}`,
        group === null ? '' : `GROUP BY ${group.join(', ')}`,
        having === null ? '' : `HAVING ${having}`,
        order === null ? '' : `ORDER BY ${order.join(' ')}`,
        limit === null ? '' : `LIMIT ${limit}`,
        offset === null ? '' : `OFFSET ${offset}`,
        tail,
      ]
        .filter((part) => part !== '')
        .join(' '),
    );
  const page = z.object({ totalSize: z.number(), records: z.array(z.unknown()) });

  const answers = async (soql: string): Promise<void> => {
    const started = performance.now();
    const answer = await ask('GET', `query?q=${encodeURIComponent(soql)}`);
    expectSound(answer);
    expect([200, 400]).toContain(answer.status);
    if (answer.status === 200) {
      const { records, totalSize } = page.parse(JSON.parse(answer.text));
      expect(records.length).toBeLessThanOrEqual(2000);
      expect(totalSize).toBeLessThanOrEqual(100_000);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  };

  test('made by its grammar, and a little beside it, is answered or refused', async () => {
    await fc.assert(fc.asyncProperty(query, answers), { numRuns: runs * 3 });
  });

  test('with bytes turned, lost and doubled is answered or refused', async () => {
    const valid =
      "SELECT Id, Name, Owner.Name FROM Account WHERE (Name LIKE 'A%' OR Industry IN ('Machinery')) AND NumberOfEmployees > 3 ORDER BY Name NULLS LAST LIMIT 10";
    const edit = fc.tuple(
      fc.nat(valid.length),
      fc.constantFrom('cut', 'put', 'double'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const broken = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
      edits.reduce((text, [at, how, junk]) => {
        const [before, after] = [text.slice(0, at), text.slice(at)];
        if (how === 'cut') return before + after.slice(1);
        return how === 'put' ? before + junk + after : before + after.slice(0, 5) + after;
      }, valid),
    );
    await fc.assert(
      fc.asyncProperty(broken, (soql) => answers(soql.toWellFormed())),
      { numRuns: runs * 2 },
    );
  });

  test('of any bytes is answered or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), (soql) => answers(soql.toWellFormed())),
      { numRuns: runs },
    );
  });

  test('nested a thousand deep is refused at once', async () => {
    const deep = `SELECT Id FROM Account WHERE ${'('.repeat(1000)}Name = 'x'${')'.repeat(1000)}`;
    const not = `SELECT Id FROM Account WHERE ${'NOT '.repeat(1000)}Name = 'x'`;
    const long = `SELECT Id FROM Account WHERE ${Array.from({ length: 300 }, (_, n) => `Name = '${n}'`).join(' OR ')}`;
    for (const soql of [deep, not, long]) await answers(soql);
  });
});

describe('JSON bodies', () => {
  const record = fc.dictionary(
    fc.constantFrom(
      'Name',
      'attributes',
      'Id',
      'id',
      'ParentId',
      'AnnualRevenue',
      'KAM_Score__c',
      'Nope',
      '__proto__',
      'constructor',
    ),
    fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ type: 'Account' }), fc.constant('001000000000001AAA')),
  );
  const requests = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PATCH', 'PUT', 'DELETE'),
    url: fc.constantFrom(
      ...[
        '/services/data/v67.0/sobjects/Account',
        '/services/data/v67.0/query?q=SELECT+Id+FROM+Account',
        '/local/stop',
        '',
        'x',
      ],
    ),
    referenceId: fc.constantFrom('a', 'b', '', '@{a.id}'),
    body: fc.oneof(record, fc.jsonValue()),
  });
  const body = fc.oneof(
    record.map((value) => JSON.stringify(value)),
    fc.array(record, { maxLength: 5 }).map((records) => JSON.stringify({ allOrNone: true, records })),
    fc.array(requests, { maxLength: 5 }).map((list) => JSON.stringify({ compositeRequest: list, batchRequests: list })),
    fc.json(),
    fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  );
  const doors = [
    ...['sobjects/Account', 'composite/sobjects', 'composite', 'composite/batch', 'composite/tree/Account'],
    ...['composite/sobjects/Account', 'jobs/query', 'jobs/ingest', '/local/clock', '/local/faults', '/local/app'],
  ];

  test('of any shape are taken or refused at every door that takes one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...doors),
        fc.constantFrom('POST', 'PATCH'),
        body,
        async (path, method, text) => {
          expectSound(await ask(method, path, text));
        },
      ),
      { numRuns: runs * 3 },
    );
    // What the junk may have switched on is switched off again.
    await ask('DELETE', '/local/faults');
    await ask('POST', '/local/clock', JSON.stringify({ to: '2026-11-24T12:00:00Z' }));
    expect('Name' in {}).toBe(false);
  });
});

describe('CSV', () => {
  const jobOf = z.object({ id: z.string() });
  const stateOf = z.object({ state: z.string() });
  const cell = fc.oneof(
    fc.constantFrom('Name', '"', '""', ',', '\n', '\r\n', '#N/A', '001000000000001AAA', 'Id', '\uFEFF'),
    fc.string(),
  );
  const upload = fc.oneof(
    fc.array(cell, { maxLength: 30 }).map((cells) => Buffer.from(cells.join(''))),
    fc.array(cell, { maxLength: 30 }).map((cells) => Buffer.from(`Name,Industry\n${cells.join(',')}`)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );

  test('of any bytes ends a job as complete or failed, and its three files can be read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('insert', 'update', 'delete'), upload, async (operation, csv) => {
        const { id } = jobOf.parse(
          JSON.parse((await ask('POST', 'jobs/ingest', JSON.stringify({ object: 'Account', operation }))).text),
        );
        await ask('PUT', `jobs/ingest/${id}/batches`, csv, { 'content-type': 'text/csv' });
        expectSound(await ask('PATCH', `jobs/ingest/${id}`, JSON.stringify({ state: 'UploadComplete' })));
        for (let looks = 0; ; looks += 1) {
          const { state } = stateOf.parse(JSON.parse((await ask('GET', `jobs/ingest/${id}`)).text));
          if (state === 'JobComplete' || state === 'Failed') break;
          expect(looks).toBeLessThan(2000);
        }
        for (const file of ['successfulResults', 'failedResults', 'unprocessedrecords']) {
          expect([file, (await ask('GET', `jobs/ingest/${id}/${file}`)).status]).toEqual([file, 200]);
        }
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});

describe('zips and XML', () => {
  const form = (zip: Buffer): { body: Buffer; type: string } => {
    const head = (name: string, type: string, file = ''): string =>
      `--cut\r\nContent-Disposition: form-data; name="${name}"${file}\r\nContent-Type: ${type}\r\n\r\n`;
    const options = JSON.stringify({ deployOptions: { rollbackOnError: true, singlePackage: true, checkOnly: true } });
    return {
      type: 'multipart/form-data; boundary=cut',
      body: Buffer.concat([
        Buffer.from(`${head('entity_content', 'application/json')}${options}\r\n`),
        Buffer.from(head('file', 'application/zip', '; filename="package.zip"')),
        zip,
        Buffer.from('\r\n--cut--\r\n'),
      ]),
    };
  };
  /** An empty archive, and what is left of one entry that is cut short. */
  const emptyZip = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');
  const entry = Buffer.from('504b0304140000000000000000000000000000000000000000000b000000', 'hex');

  test('of any bytes end a deploy as failed or refused, not as a failure of the org', async () => {
    const zip = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .uint8Array({ maxLength: 60 })
        .map((bytes) => Buffer.concat([entry, Buffer.from('package.xml'), Buffer.from(bytes), emptyZip])),
      fc.constant(emptyZip),
    );
    const started = z.object({ id: z.string() });
    const result = z.object({ deployResult: z.looseObject({ done: z.boolean(), success: z.boolean() }) });
    await fc.assert(
      fc.asyncProperty(zip, async (bytes) => {
        const { body, type } = form(bytes);
        const answer = await ask('POST', 'metadata/deployRequest', body, { 'content-type': type });
        expectSound(answer);
        if (answer.status !== 201) return;
        const { id } = started.parse(JSON.parse(answer.text));
        for (let looks = 0; ; looks += 1) {
          const { deployResult } = result.parse(JSON.parse((await ask('GET', `metadata/deployRequest/${id}`)).text));
          if (deployResult.done) {
            expect(deployResult.success).toBe(false);
            break;
          }
          expect(looks).toBeLessThan(2000);
        }
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  test('any envelope is answered with a fault that names no failure of the org', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '</',
        '<?xml version="1.0"?>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '&b;',
        '&#0;',
        ']]>',
        '<![CDATA[',
      ),
      fc.constantFrom(
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">',
        '<e:Body>',
        '</e:Body>',
        '</e:Envelope>',
        '<deploy>',
        '<query>',
        '</query>',
      ),
      fc.string({ maxLength: 10 }),
    );
    const session = `<e:Header><SessionHeader><sessionId>${org.accessToken}</sessionId></SessionHeader></e:Header>`;
    const envelope = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc
        .array(piece, { maxLength: 6 })
        .map(
          (pieces) =>
            `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">${session}<e:Body><deploy>${pieces.join('')}</deploy></e:Body></e:Envelope>`,
        ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('m', 'u'), envelope, async (door, text) => {
        const { status, text: answer } = await ask('POST', `/services/Soap/${door}/67.0`, text, {
          'content-type': 'text/xml',
          soapaction: '""',
        });
        expect([200, 404, 500]).toContain(status);
        if (status === 500) expect(answer).toMatch(/<faultcode>/);
        expect(answer).not.toContain('UNKNOWN_EXCEPTION');
      }),
      { numRuns: runs },
    );
  });

  test('any component that is written by itself is taken or refused, and the org goes on', async () => {
    const type = fc.constantFrom('CustomObject', 'CustomField', 'CustomMetadata', 'ValidationRule', 'Layout', 'Oddity');
    const name = fc.constantFrom(
      'Account',
      'A__c',
      'A__c.B__c',
      'Account.B__c',
      'Account-L',
      '.',
      '..',
      'A..B',
      'x/../y',
    );
    const text = fc.oneof(
      fc.constantFrom('', 'Text', 'Lookup', 'A__c', '5', 'true', '99999999999', 'ISBLANK(B__c)'),
      fc.string({ maxLength: 8 }),
    );
    const element = fc.constantFrom(
      'label',
      'type',
      'length',
      'referenceTo',
      'fields',
      'fullName',
      'nameField',
      'values',
      'field',
      'value',
      'errorConditionFormula',
      'active',
    );
    const safe = (raw: string): string => raw.replaceAll(/[^\x20-\x7e]|[<&]/g, '');
    const leaf = fc.tuple(element, text).map(([tag, inner]) => `<${tag}>${safe(inner)}</${tag}>`);
    const node = fc.oneof(
      leaf,
      fc.tuple(element, fc.array(leaf, { maxLength: 3 })).map(([tag, inner]) => `<${tag}>${inner.join('')}</${tag}>`),
    );
    const component = fc.tuple(type, name, fc.array(node, { maxLength: 6 }));
    const operation = fc.constantFrom(
      'createMetadata',
      'updateMetadata',
      'upsertMetadata',
      'deleteMetadata',
      'readMetadata',
    );
    await fc.assert(
      fc.asyncProperty(
        operation,
        fc.array(component, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (called, list, allOrNone) => {
          const named = list.map(
            ([kind, fullName, inner]) =>
              `<metadata xsi:type="${kind}"><fullName>${fullName}</fullName>${inner.join('')}</metadata>`,
          );
          const byName = `<type>${list[0]?.[0]}</type>${list.map(([, fullName]) => `<fullNames>${fullName}</fullNames>`).join('')}`;
          const inner = called === 'deleteMetadata' || called === 'readMetadata' ? byName : named.join('');
          const headers = `<SessionHeader><sessionId>${org.accessToken}</sessionId></SessionHeader><AllOrNoneHeader><allOrNone>${allOrNone}</allOrNone></AllOrNoneHeader>`;
          const envelope = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Header>${headers}</e:Header><e:Body><${called} xmlns="http://soap.sforce.com/2006/04/metadata">${inner}</${called}></e:Body></e:Envelope>`;
          const { status, text: answer } = await ask('POST', '/services/Soap/m/67.0', envelope, {
            'content-type': 'text/xml',
          });
          expect([200, 500]).toContain(status);
          expect(answer).toMatch(status === 200 ? /<result>/ : /<faultcode>/);
          expect(answer).not.toContain('UNKNOWN_EXCEPTION');
        },
      ),
      { numRuns: runs },
    );
  });

  test('entities are refused, never expanded', async () => {
    const lol = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    const bomb = `<!DOCTYPE x [<!ENTITY l0 "lol">${lol}]><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><deploy>&l9;</deploy></e:Body></e:Envelope>`;
    const started = performance.now();
    const { status, text } = await ask('POST', '/services/Soap/m/67.0', bomb, { 'content-type': 'text/xml' });
    expect([status, text]).toEqual([500, expect.stringContaining('<faultcode>soapenv:Client<')]);
    expect(text).not.toContain('lollol');
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('heads', () => {
  /** Sends raw bytes and returns the status of the answer; 0 where the connection ends without one. */
  const raw = (text: string): Promise<number> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(org.instanceUrl).port) });
      let answer = '';
      const done = (): void => {
        socket.destroy();
        resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0));
      };
      socket.on('data', (bytes: Buffer) => {
        answer += bytes.toString('latin1');
        if (answer.includes('\r\n\r\n')) done();
      });
      socket.on('error', done);
      socket.on('close', done);
      socket.write(text, 'latin1');
    });
  const piece = fc.oneof(
    fc.constantFrom(
      '..',
      '%2e%2e',
      '%00',
      '%',
      '%zz',
      '//',
      '?',
      '#',
      '&',
      '@evil.example',
      ':80',
      'v67.0',
      'query',
      'sobjects',
      'Account',
    ),
    fc.constantFrom(
      'é',
      '\u007f',
      '%F0%9F%98%80',
      '%c0%ae',
      ' ',
      '{}',
      '0r8x-1',
      '00D000000000001AAA',
      '-1',
      '[object Object]',
    ),
    fc.string({ maxLength: 10 }),
  );
  const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('/'));

  test('with any path are answered or refused', async () => {
    const prefix = fc.constantFrom(
      '/',
      '/services/data/v67.0/',
      '/services/',
      '/id/',
      '/local/',
      '//services/data/v67.0/sobjects/',
    );
    await fc.assert(
      fc.asyncProperty(
        prefix,
        path,
        fc.constantFrom('GET', 'DELETE', 'PATCH', 'OPTIONS'),
        async (start, rest, method) => {
          const target = `${start}${rest}`.replaceAll(/[\r\n\s]/g, '');
          const status = await raw(
            `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${org.accessToken}\r\n\r\n`,
          );
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: runs * 2 },
    );
  });

  test('with any header are answered or refused', async () => {
    const header = fc.tuple(
      fc.constantFrom(
        'Authorization',
        'Content-Type',
        'Accept-Encoding',
        'Sforce-Query-Options',
        'If-Modified-Since',
        'Content-Length',
        'Transfer-Encoding',
        'Sforce-Call-Options',
        'Host',
        'X',
      ),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(header, { maxLength: 6 }), async (headers) => {
        const lines = headers.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}`).join('\r\n');
        const status = await raw(
          `GET /services/data/v67.0/query?q=SELECT+Id+FROM+Account HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${org.accessToken}\r\n${lines}\r\n\r\n`,
        );
        expect(status).toBeLessThan(500);
      }),
      { numRuns: runs },
    );
  });
});
