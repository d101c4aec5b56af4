/** Packages for tests: components in few words, deployed and retrieved over HTTP as clients do it. */
import { z } from 'zod';
import { pack, unpack } from '../../src/localorg/metadata/archive.js';
import { METADATA_NAMESPACE } from '../../src/schema/xml.js';

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

export const file = (root: string, inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${METADATA_NAMESPACE}" ${XSI}>${inner}</${root}>\n`;

/** package.xml from `CustomField: 'Account.A__c Account.B__c'`. */
export const manifest = (types: Readonly<Record<string, string>>): string =>
  file(
    'Package',
    `${Object.entries(types)
      .map(
        ([name, members]) =>
          `<types>${members
            .split(' ')
            .map((member) => `<members>${member.replaceAll('+', ' ')}</members>`)
            .join('')}<name>${name}</name></types>`,
      )
      .join('')}<version>67.0</version>`,
  );

export const zipOf = (files: Readonly<Record<string, string>>): Promise<Buffer> =>
  pack(
    new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
    new Date('2026-11-24T12:00:00Z'),
  );

const message = z.object({
  componentType: z.string(),
  fullName: z.string(),
  fileName: z.string(),
  changed: z.boolean(),
  created: z.boolean(),
  deleted: z.boolean(),
  success: z.boolean(),
  id: z.string().optional(),
  problem: z.string().optional(),
  problemType: z.string().optional(),
});

export const deployResult = z.object({
  id: z.string(),
  deployResult: z.object({
    checkOnly: z.boolean(),
    done: z.boolean(),
    status: z.string(),
    success: z.boolean(),
    rollbackOnError: z.boolean(),
    numberComponentErrors: z.number(),
    numberComponentsDeployed: z.number(),
    numberComponentsTotal: z.number(),
    errorMessage: z.string().optional(),
    errorStatusCode: z.string().optional(),
    details: z.object({
      componentFailures: z.array(message).default([]),
      componentSuccesses: z.array(message).default([]),
    }),
  }),
});
export type DeployResult = z.infer<typeof deployResult>['deployResult'];

type Org = { instanceUrl: string; accessToken: string };

/** Deploys by REST and waits for the end; rolls back on an error unless told otherwise. */
export async function deploy(
  org: Org,
  files: Readonly<Record<string, string>> | Buffer,
  options: Readonly<Record<string, boolean>> = {},
): Promise<DeployResult> {
  const zip = Buffer.isBuffer(files) ? files : await zipOf(files);
  const form = new FormData();
  const deployOptions = { singlePackage: true, rollbackOnError: true, ...options };
  form.append('file', new Blob([new Uint8Array(zip)], { type: 'application/zip' }), 'package.xml');
  form.append('entity_content', new Blob([JSON.stringify({ deployOptions })], { type: 'application/json' }));
  const url = `${org.instanceUrl}/services/data/v67.0/metadata/deployRequest`;
  const headers = { authorization: `Bearer ${org.accessToken}` };
  const started = await fetch(url, { method: 'POST', headers, body: form });
  const text = await started.text();
  if (started.status !== 201) throw new Error(`The deploy was not taken: ${started.status} ${text}`);
  const { id } = z.object({ id: z.string() }).parse(JSON.parse(text));
  for (;;) {
    const answer = await fetch(`${url}/${id}?includeDetails=true`, { headers });
    const { deployResult: result } = deployResult.parse(await answer.json());
    if (result.done) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What failed, one line each: `CustomField Account.A__c: why`. */
export const failures = ({ details }: DeployResult): string[] =>
  details.componentFailures.map(({ componentType, fullName, problem }) =>
    `${componentType} ${fullName}: ${problem}`.trim(),
  );

/** One SOAP call with the org's token; returns status and text of the answer. */
export async function soap(
  org: Org,
  service: 'm' | 'u',
  body: string,
  { token = org.accessToken, headers = '' }: { token?: string; headers?: string } = {},
): Promise<{ status: number; text: string }> {
  const namespace = service === 'm' ? METADATA_NAMESPACE : 'urn:partner.soap.sforce.com';
  const answer = await fetch(`${org.instanceUrl}/services/Soap/${service}/67.0`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', SOAPAction: '""' },
    body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="${namespace}" ${XSI}><soapenv:Header><SessionHeader><sessionId>${token}</sessionId></SessionHeader>${headers}</soapenv:Header><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
  });
  return { status: answer.status, text: await answer.text() };
}

/** The texts of an element in an answer. */
export const textsOf = (xml: string, element: string): string[] =>
  [...xml.matchAll(new RegExp(`<(?:\\w+:)?${element}(?: [^>]*)?>([^<]*)</`, 'g'))].map(([, text = '']) =>
    text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: keyof typeof named) => named[name]),
  );

const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Retrieves by SOAP and unpacks: the files by path. */
export async function retrieve(org: Org, types: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const inner = /<Package[^>]*>([\s\S]*)<\/Package>/.exec(manifest(types))?.[1] ?? '';
  const started = await soap(
    org,
    'm',
    `<retrieve><retrieveRequest><apiVersion>67.0</apiVersion><singlePackage>true</singlePackage><unpackaged>${inner}</unpackaged></retrieveRequest></retrieve>`,
  );
  const [id = ''] = textsOf(started.text, 'id');
  for (;;) {
    const answer = await soap(
      org,
      'm',
      `<checkRetrieveStatus><asyncProcessId>${id}</asyncProcessId><includeZip>true</includeZip></checkRetrieveStatus>`,
    );
    if (answer.status !== 200) throw new Error(answer.text);
    if (textsOf(answer.text, 'done')[0] === 'false') continue;
    const files = await unpack(Buffer.from(textsOf(answer.text, 'zipFile')[0] ?? '', 'base64'));
    return Object.fromEntries([...files].map(([path, bytes]) => [path, bytes.toString('utf8')]));
  }
}
