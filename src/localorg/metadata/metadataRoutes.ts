/** The Metadata API's doors: deploy, retrieve, list and describe by SOAP, and deploy by REST. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { XmlElement } from '../../schema/xml.js';
import type { Engine } from '../engine.js';
import { SalesforceError } from '../refusal.js';
import { SoapFault, type Operation, type Service, type SoapCall, type Xml } from '../soap.js';
import type { DeployOptions } from './deploy.js';
import {
  deployResult,
  describeKinds,
  listed,
  propertiesOf,
  type DeployJob,
  type MetadataJobs,
  type RetrieveJob,
} from './jobs.js';
import type { Member } from './package.js';
import { singleOperations } from './single.js';

/** Source: Metadata API Developer Guide, listMetadata(): up to three queries. */
const MAXIMUM_LISTS = 3;

const METADATA = 'http://soap.sforce.com/2006/04/metadata';

/**
 * The Metadata API by SOAP.
 *
 * Source: Metadata API Developer Guide and the metadata WSDL; what the sf CLI sends, as its toolchain was tried.
 */
export function metadataService(jobs: MetadataJobs): Service {
  const operations: Record<string, Operation> = {
    deploy: ({ request, org }) => {
      const zip = Buffer.from(request.string('ZipFile') ?? '', 'base64');
      const job = jobs.deploy(org, zip, optionsIn(request.one('DeployOptions')));
      return { done: false, id: job.id, state: 'Queued' };
    },
    checkDeployStatus: ({ request }) =>
      asXml(deployResult(jobs.deployed(jobId(request)), request.flag('includeDetails', false))),
    cancelDeploy: ({ request, org }) => {
      const job = jobs.cancel(request.string('String') ?? jobId(request), org.now());
      return { done: true, id: job.id };
    },
    deployRecentValidation: ({ request, org }) => jobs.deployValidated(org, request.required('validationId')).id,
    ...singleOperations,
    retrieve: (call) => {
      const job = jobs.retrieve(call.org, retrieveRequest(call));
      return { done: false, id: job.id, state: 'Queued' };
    },
    checkRetrieveStatus: ({ request, org }) =>
      retrieveResult(jobs.retrieved(jobId(request)), org, request.flag('includeZip', true)),
    describeMetadata: () => asXml(describeKinds()),
    listMetadata: ({ request, org }) => {
      const queries = request.all('queries');
      if (queries.length > MAXIMUM_LISTS)
        throw new SoapFault('LIMIT_EXCEEDED', `at most ${MAXIMUM_LISTS} queries in one call, not ${queries.length}`);
      return queries
        .flatMap((query) => listed(org, query.required('type'), query.string('folder')))
        .map((file) => asXml(propertiesOf(file, { id: org.userId, name: org.username })));
    },
  };
  return { path: 'm', namespace: METADATA, operations: Object.fromEntries(Object.entries(operations).map(guarded)) };
}

const guarded = ([name, operation]: [string, Operation]): [string, Operation] => [
  name,
  (call: SoapCall) => {
    refuseUnlessAllowed(call.org);
    return operation(call);
  },
];

/** Source: Metadata API Developer Guide, "User Permissions": Modify Metadata Through Metadata API Functions, or Modify All Data. */
function refuseUnlessAllowed(org: Engine): void {
  if (org.mayModifyMetadata()) return;
  throw new SalesforceError(
    403,
    'INSUFFICIENT_ACCESS',
    'use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions',
  );
}

function jobId(request: XmlElement): string {
  const id = request.string('asyncProcessId');
  if (id === undefined) throw new SoapFault('Client', `${request.name} needs the element asyncProcessId`);
  return id;
}

function optionsIn(xml: XmlElement | undefined): DeployOptions {
  const flag = (name: keyof DeployOptions): boolean => xml?.flag(name, false) ?? false;
  return {
    allowMissingFiles: flag('allowMissingFiles'),
    autoUpdatePackage: flag('autoUpdatePackage'),
    checkOnly: flag('checkOnly'),
    ignoreWarnings: flag('ignoreWarnings'),
    purgeOnDelete: flag('purgeOnDelete'),
    rollbackOnError: flag('rollbackOnError'),
    singlePackage: flag('singlePackage'),
  };
}

function retrieveRequest({ request, version }: SoapCall): Parameters<MetadataJobs['retrieve']>[1] {
  // The WSDL calls it retrieveRequest; jsforce calls it request, and Salesforce answers both.
  const inner = request.one('retrieveRequest') ?? request.one('request');
  if (inner === undefined) throw new SoapFault('Client', 'retrieve needs the element retrieveRequest');
  if (inner.all('packageNames').length > 0) {
    throw new SoapFault(
      'INVALID_CROSS_REFERENCE_KEY',
      `No package named '${inner.all('packageNames')[0]?.text}' found`,
    );
  }
  return {
    apiVersion: inner.string('apiVersion') ?? version,
    singlePackage: inner.flag('singlePackage', false),
    members: membersIn(inner.one('unpackaged')),
  };
}

const membersIn = (manifest: XmlElement | undefined): Member[] =>
  (manifest?.all('types') ?? []).flatMap((types) =>
    types.all('members').map(({ text }) => ({ type: types.required('name'), fullName: text.trim() })),
  );

function retrieveResult(job: RetrieveJob, org: Engine, includeZip: boolean): Xml {
  if (job.state.is === 'queued') return { done: false, id: job.id, status: 'Pending', success: false };
  const { zip, files, messages } = job.state.result;
  return {
    done: true,
    fileProperties: files.map((file) => asXml(propertiesOf(file, { id: org.userId, name: org.username }))),
    id: job.id,
    ...(messages.length === 0 ? {} : { messages }),
    status: 'Succeeded',
    success: true,
    ...(includeZip ? { zipFile: zip.toString('base64') } : {}),
  };
}

/** A result as the answer's XML takes it; anything that is neither value nor structure would be our own mistake. */
function asXml(value: unknown): Xml {
  if (value === null || value === undefined || value instanceof Date) return value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(asXml);
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asXml(one)]));
  throw new Error(`No XML for ${typeof value}.`);
}

const restOptions = z.object({
  deployOptions: z
    .object({
      allowMissingFiles: z.boolean().default(false),
      autoUpdatePackage: z.boolean().default(false),
      checkOnly: z.boolean().default(false),
      ignoreWarnings: z.boolean().default(false),
      purgeOnDelete: z.boolean().default(false),
      rollbackOnError: z.boolean().default(false),
      singlePackage: z.boolean().default(false),
    })
    .loose(),
});

/**
 * Deploy by REST: `POST /metadata/deployRequest` with a form of the zip and the options.
 *
 * Source: Metadata API Developer Guide, "Deploying and Retrieving Metadata with the REST API"; jsforce api/metadata.js.
 */
export async function metadataRestRoutes(api: FastifyInstance, jobs: MetadataJobs): Promise<void> {
  await api.register(async (forms) => {
    forms.addContentTypeParser(/^multipart\/form-data/, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    forms.addHook('onRequest', async (request) => refuseUnlessAllowed(request.org));
    forms.post('/metadata/deployRequest', async (request, reply) => {
      const recent = z.object({ validatedDeployRequestId: z.string() }).safeParse(request.body);
      if (recent.success) {
        const id = recent.data.validatedDeployRequestId;
        const job = jobs.deployValidated(request.org, id);
        return reply.code(201).send({ id: job.id, validatedDeployRequestId: id, deployResult: restResult(job, false) });
      }
      const form = await formIn(request.body, String(request.headers['content-type'] ?? ''));
      const job = jobs.deploy(request.org, form.zip, form.options);
      return reply.code(201).send({ id: job.id, deployOptions: form.options, deployResult: restResult(job, false) });
    });
    forms.get('/metadata/deployRequest/:id', (request) => {
      const { id } = z.object({ id: z.string() }).parse(request.params);
      const { includeDetails } = z
        .object({ includeDetails: z.enum(['true', 'false']).default('false') })
        .parse(request.query);
      const job = jobs.deployed(id);
      return { id: job.id, deployOptions: job.options, deployResult: restResult(job, includeDetails === 'true') };
    });
    forms.patch('/metadata/deployRequest/:id', (request, reply) => {
      const { id } = z.object({ id: z.string() }).parse(request.params);
      const asked = z.object({ deployResult: z.object({ status: z.literal('Canceling') }) }).safeParse(request.body);
      if (!asked.success)
        throw new SalesforceError(400, 'INVALID_INPUT', 'expected {"deployResult": {"status": "Canceling"}}');
      const job = jobs.cancel(id, request.org.now());
      return reply.code(202).send({ id: job.id, deployResult: restResult(job, false) });
    });
  });
}

const restResult = (job: DeployJob, withDetails: boolean): Record<string, unknown> => deployResult(job, withDetails);

async function formIn(body: unknown, contentType: string): Promise<{ zip: Buffer; options: DeployOptions }> {
  const expected = 'expected a multipart form with the JSON part entity_content and the zip part file';
  if (!Buffer.isBuffer(body)) throw new SalesforceError(400, 'INVALID_MULTIPART_REQUEST', expected);
  let form: FormData;
  try {
    form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw new SalesforceError(
      400,
      'INVALID_MULTIPART_REQUEST',
      `${expected}: ${error instanceof Error ? error.message : ''}`,
    );
  }
  const [content, file] = [form.get('entity_content') ?? form.get('json'), form.get('file')];
  const options = restOptions.safeParse(
    jsonIn(content === null || typeof content === 'string' ? (content ?? '') : await content.text()),
  );
  if (!options.success || file === null || typeof file === 'string') {
    throw new SalesforceError(400, 'INVALID_MULTIPART_REQUEST', expected);
  }
  return { zip: Buffer.from(await file.arrayBuffer()), options: options.data.deployOptions };
}

function jsonIn(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch (error) {
    throw new SalesforceError(400, 'JSON_PARSER_ERROR', error instanceof Error ? error.message : 'not JSON');
  }
}
