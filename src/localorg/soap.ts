/** The SOAP door: envelopes in, the caller's session checked, answers and faults out. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { XmlElement } from '../schema/xml.js';
import { escaped, parseTree, SourceError } from '../schema/xml.js';
import type { Engine } from './engine.js';
import { SalesforceError } from './refusal.js';
import { newestVersion, oldestVersion } from './requests.js';

/** What an answer is made of: lists repeat their element, `undefined` leaves it out, null is `xsi:nil`. */
export type Xml =
  string | number | boolean | Date | null | undefined | readonly Xml[] | { readonly [name: string]: Xml };

export type SoapCall = {
  /** The element of the operation, prefixes dropped: `deploy`. */
  request: XmlElement;
  header(name: string): XmlElement | undefined;
  /** The org as the caller meets it. */
  org: Engine;
  version: string;
  token: string;
};

export type Operation = (call: SoapCall) => Xml | Promise<Xml>;

export type Service = {
  /** The letter in the path: `m` for metadata, `u` for the partner API. */
  path: string;
  namespace: string;
  /** Further namespaces that answers use, by prefix. */
  prefixes?: Readonly<Record<string, string>>;
  operations: Readonly<Record<string, Operation>>;
  /** Operations that need no session. */
  open?: readonly string[];
};

export type SoapDoor = {
  /** Whose session a token is. */
  orgOf(token: string): Engine | undefined;
  /** The org for calls that need no session. */
  nobody: Engine;
  /** Counts a call and says how many there were of how many. */
  counted(writes: boolean): { current: number; limit: number };
  onError(text: string): void;
};

/**
 * Answers one of Salesforce's SOAP services below `/services/Soap/<letter>/<version>`.
 *
 * Errors: faults with Salesforce's codes and status 500: INVALID_SESSION_ID for a token that is none, an unknown
 *         operation or an envelope that does not read as a client's fault.
 */
export async function soapRoutes(app: FastifyInstance, door: SoapDoor, services: readonly Service[]): Promise<void> {
  await app.register(async (soap) => {
    soap.removeAllContentTypeParsers();
    soap.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    // What fails before an operation is reached is a fault too.
    soap.setErrorHandler((error, request, reply) => {
      const service = services.find(({ path }) => request.url.startsWith(`/services/Soap/${path}/`)) ?? services[0];
      if (service === undefined) throw error;
      return sent(reply, 500, service, faultBody(service, error, door));
    });
    for (const service of services) {
      const path = `/services/Soap/${service.path}/:version`;
      for (const url of [path, `${path}/:org`]) {
        soap.post(url, async (request, reply) => {
          const { version } = z.object({ version: z.string() }).parse(request.params);
          try {
            return sent(reply, 200, service, await answered(door, service, version, String(request.body ?? '')));
          } catch (error) {
            return sent(reply, 500, service, faultBody(service, error, door));
          }
        });
      }
    }
  });
}

const sent = (reply: FastifyReply, status: number, service: Service, body: string): FastifyReply =>
  reply.code(status).type('text/xml; charset=utf-8').send(envelope(service, body));

function envelope({ namespace, prefixes = {} }: Service, content: string): string {
  const spaces = {
    'xmlns:soapenv': 'http://schemas.xmlsoap.org/soap/envelope/',
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
    xmlns: namespace,
    ...Object.fromEntries(Object.entries(prefixes).map(([prefix, uri]) => [`xmlns:${prefix}`, uri])),
  };
  const attributes = Object.entries(spaces).map(([name, uri]) => ` ${name}="${uri}"`);
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope${attributes.join('')}>${content}</soapenv:Envelope>`;
}

const MAXIMUM_ENVELOPE = 52 * 1024 * 1024;

async function answered(door: SoapDoor, service: Service, version: string, text: string): Promise<string> {
  if (!/^\d{2}\.0$/.test(version) || Number(version) < oldestVersion || Number(version) > newestVersion) {
    throw new SoapFault('UNSUPPORTED_API_VERSION', `Invalid Api version specified on URL: ${version}`);
  }
  const { headers, request } = opened(text);
  const operation = Object.hasOwn(service.operations, request.name) ? service.operations[request.name] : undefined;
  if (operation === undefined) {
    throw new SoapFault('Client', `No operation available for request {${service.namespace}}${request.name}`);
  }
  const header = (name: string): XmlElement | undefined => headers.find((one) => one.name === name);
  const token = header('SessionHeader')?.string('sessionId') ?? '';
  const org = service.open?.includes(request.name) === true ? door.nobody : door.orgOf(token);
  if (org === undefined) {
    throw new SoapFault(
      'INVALID_SESSION_ID',
      'INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key',
    );
  }
  const { current, limit } = door.counted(!/^(check|describe|get|list|query|read|retrieve|search)/.test(request.name));
  const result = await operation({ request, header, org, version, token });
  const limits = { limitInfo: { current, limit, type: 'API REQUESTS' } };
  return `<soapenv:Header>${xmlOf('LimitInfoHeader', limits)}</soapenv:Header><soapenv:Body>${xmlOf(`${request.name}Response`, { result })}</soapenv:Body>`;
}

function opened(text: string): { headers: readonly XmlElement[]; request: XmlElement } {
  let root: XmlElement;
  try {
    root = parseTree(text, 'the envelope', { prefixes: 'dropped', longest: MAXIMUM_ENVELOPE });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SoapFault('Client', error.message);
  }
  const bodies = root.all('Body');
  const [request, ...more] = bodies[0]?.children ?? [];
  if (root.name !== 'Envelope' || bodies.length !== 1 || request === undefined || more.length > 0) {
    throw new SoapFault('Client', 'expected a SOAP envelope with one element in its body');
  }
  return { headers: root.one('Header')?.children ?? [], request };
}

/** A refusal of a whole call; `Client` is a fault of SOAP itself, other codes are Salesforce's. */
export class SoapFault extends Error {
  public constructor(
    public readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'SoapFault';
  }
}

function faultBody(service: Service, error: unknown, door: SoapDoor): string {
  const fault = faultOf(error, door);
  const isSalesforce = fault.code !== 'Client';
  const code = isSalesforce ? `sf:${fault.code}` : 'soapenv:Client';
  const text =
    isSalesforce && !fault.message.startsWith(fault.code) ? `${fault.code}: ${fault.message}` : fault.message;
  const space = service.prefixes?.['fns'] ?? service.namespace;
  const detail = isSalesforce
    ? `<detail><sf:${faultName(fault.code)} xmlns:sf="${space}" xsi:type="sf:${faultName(fault.code)}"><sf:exceptionCode>${fault.code}</sf:exceptionCode><sf:exceptionMessage>${escaped(fault.message)}</sf:exceptionMessage></sf:${faultName(fault.code)}></detail>`
    : '';
  return `<soapenv:Body><soapenv:Fault xmlns:sf="${space}"><faultcode>${code}</faultcode><faultstring>${escaped(text)}</faultstring>${detail}</soapenv:Fault></soapenv:Body>`;
}

function faultOf(error: unknown, door: SoapDoor): SoapFault {
  if (error instanceof SoapFault) return error;
  if (error instanceof SalesforceError) return new SoapFault(error.errorCode, error.message);
  if (error instanceof SourceError) return new SoapFault('Client', error.message);
  door.onError(`SOAP call failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new SoapFault(
    'UNKNOWN_EXCEPTION',
    'An unexpected error occurred. Please include this ErrorId if you contact support.',
  );
}

/** Source: the partner WSDL's fault elements. */
function faultName(code: string): string {
  if (code === 'MALFORMED_QUERY') return 'MalformedQueryFault';
  if (code === 'INVALID_FIELD') return 'InvalidFieldFault';
  if (code === 'INVALID_TYPE') return 'InvalidSObjectFault';
  if (code === 'INVALID_QUERY_LOCATOR') return 'InvalidQueryLocatorFault';
  return code === 'INVALID_LOGIN' ? 'LoginFault' : 'UnexpectedErrorFault';
}

/** An element and what is in it; a name that starts with `@` is an attribute of the element around it. */
export function xmlOf(name: string, value: Xml): string {
  if (value === undefined) return '';
  if (value === null) return `<${name} xsi:nil="true"/>`;
  if (isList(value)) return value.map((one) => xmlOf(name, one)).join('');
  if (typeof value !== 'object') return `<${name}>${escaped(String(value))}</${name}>`;
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  const attributes = Object.entries(value).filter(([key]) => key.startsWith('@'));
  const inner = Object.entries(value).filter(([key]) => !key.startsWith('@') && key !== '#text');
  const written = attributes.map(([key, text]) => ` ${key.slice(1)}="${escaped(String(text))}"`).join('');
  const own = value['#text'] === undefined ? '' : escaped(String(value['#text']));
  return `<${name}${written}>${own}${inner.map(([key, one]) => xmlOf(key, one)).join('')}</${name}>`;
}

const isList = (value: Xml): value is readonly Xml[] => Array.isArray(value);
