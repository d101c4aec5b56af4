/** Metadata by itself, one component at a time and at once: read, create, update, upsert and delete, without a package. */
import { childKinds, keyOf, kinds, type Component } from '../../schema/components.js';
import { METADATA_NAMESPACE, parseXml, SourceError, XmlElement } from '../../schema/xml.js';
import type { Engine, RowError } from '../engine.js';
import { SoapFault, type Operation, type SoapCall, type Xml } from '../soap.js';
import { changed, type Message } from './deploy.js';
import { isKnown, isMeant } from './jobs.js';
import { filesOf, pathOf, problemOf, withParts, type Member } from './package.js';

/**
 * The operations by name.
 *
 * Shape:  each component has its own outcome, and one that fails stops no other, unless the AllOrNoneHeader says so.
 * Errors: SOAP faults for a kind that there is not and for more components than a call may have.
 * Source: Metadata API Developer Guide, "CRUD-Based Calls"; jsforce api/metadata.js for what clients send.
 *         [K]: the codes of a component that fails, but for DUPLICATE_DEVELOPER_NAME (vlocity_build issue 450).
 */
export const singleOperations: Readonly<Record<string, Operation>> = {
  readMetadata: ({ request, org }) => {
    const type = typeNamed(request.required('type'));
    const names = namesIn(request, type);
    return { records: names.map((fullName) => read(org, { type, fullName })) };
  },
  createMetadata: (call) =>
    saved(call, (member, isThere) => {
      if (!isThere) return undefined;
      const isRecord = member.type === 'CustomMetadata';
      const text = `There is already a ${member.type} named ${member.fullName}.`;
      return problem('DUPLICATE_DEVELOPER_NAME', isRecord ? takenRecord : text);
    }),
  updateMetadata: (call) => saved(call, (member, isThere) => (isThere ? undefined : missing(member))),
  upsertMetadata: (call) => saved(call, () => undefined, 'tellsCreated'),
  deleteMetadata: (call) => {
    const type = typeNamed(call.request.required('type'));
    const members = namesIn(call.request, type).map((fullName) => ({ type, fullName }));
    return outcomes(
      call,
      members.map((member) => (isStanding(call.org, member) ? { drop: member } : { member, error: missing(member) })),
    );
  },
};

const takenRecord = 'Developer name already exists for custom metadata of this type. Please choose a different name.';

const problem = (statusCode: string, message: string): RowError => ({ statusCode, message, fields: [] });

const missing = ({ type, fullName }: Member): RowError =>
  problem('INVALID_CROSS_REFERENCE_KEY', `no ${type} named ${fullName} found`);

function typeNamed(type: string): string {
  if (isKnown(type)) return type;
  throw new SoapFault('INVALID_TYPE', `This type of metadata is not available for this organization: ${type}`);
}

const ATMOST = 10;
/** Small ones may come in larger numbers. Source: Metadata API Developer Guide, createMetadata(). */
const large: Readonly<Record<string, number>> = { CustomMetadata: 200, CustomApplication: 200 };

function refuseTooMany(count: number, type: string): void {
  const most = large[type] ?? ATMOST;
  if (count <= most) return;
  const text = `record limit reached. cannot submit more than ${most} records in this operation`;
  throw new SoapFault('LIMIT_EXCEEDED', text);
}

function namesIn(request: XmlElement, type: string): string[] {
  const names = request.all('fullNames').map(({ text }) => text.trim());
  refuseTooMany(names.length, type);
  return names;
}

const isStanding = (org: Engine, member: Member): boolean =>
  org.components().some((component) => keyOf(component) === keyOf(member));

/** A component as its record; an empty record where there is none. */
function read(org: Engine, member: Member): Xml {
  const found = org.components().filter((component) => isMeant(member, component));
  const own = found.find((component) => keyOf(component) === keyOf(member));
  const kind = kinds.find(({ type }) => type === member.type);
  if (kind?.children === undefined) return own === undefined ? null : recordOf(own.xml, own);
  if (found.length === 0) return null;
  const name = own?.fullName ?? found[0]?.fullName.split('.')[0] ?? '';
  const whole = { type: member.type, fullName: kind.type === 'CustomObject' ? name : member.fullName };
  const text = filesOf(found).get(pathOf(whole));
  return text === undefined ? null : recordOf(parseXml(text.toString('utf8'), pathOf(whole), kind.type), whole);
}

const recordOf = (xml: XmlElement, { type, fullName }: Member): Xml => ({
  '@xsi:type': type,
  fullName,
  ...childrenOf(xml.children.filter(({ name }) => name !== 'fullName')),
});

/** Elements by name, those of one name together, as they stand in metadata. */
function childrenOf(children: readonly XmlElement[]): Record<string, Xml> {
  const byName: Record<string, Xml[]> = {};
  for (const child of children) (byName[child.name] ??= []).push(valueOf(child));
  return byName;
}

const valueOf = ({ text, children, attributes }: XmlElement): Xml => ({
  ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`@${name}`, value])),
  ...(children.length === 0 ? { '#text': text } : childrenOf(children)),
});

/** One component to be put or dropped, or why not. */
type Wish =
  | { put: readonly Component[]; member: Member; isThere: boolean }
  | { drop: Member }
  | { member: Member; error: RowError };

function saved(
  call: SoapCall,
  refused: (member: Member, isThere: boolean) => RowError | undefined,
  tellsCreated?: 'tellsCreated',
): Xml {
  const elements = call.request.all('metadata');
  refuseTooMany(elements.length, elements[0]?.attributes['type'] ?? '');
  const wishes = elements.map((element): Wish => {
    const component = componentFrom(element);
    const member = { type: component.type, fullName: component.fullName };
    const isThere = isStanding(call.org, member);
    const error = refused(member, isThere);
    if (error !== undefined) return { member, error };
    try {
      const kind = kinds.find(({ type }) => type === component.type);
      return { put: kind?.children === undefined ? [component] : withParts(kind, component), member, isThere };
    } catch (unread) {
      if (!(unread instanceof SourceError)) throw unread;
      return { member, error: problem('INVALID_FIELD', problemOf(unread)) };
    }
  });
  return outcomes(call, wishes, tellsCreated);
}

/** A component as a file of it would say it: without its full name, or with the name that it has within its parent. */
function componentFrom(element: XmlElement): Component {
  const type = typeNamed((element.attributes['type'] ?? '').replace(/^\w+:/, ''));
  const fullName = element.required('fullName');
  const child = childKinds.find((one) => one.type === type);
  const name = child?.named === 'withParent' ? fullName.slice(fullName.indexOf('.') + 1) : fullName;
  const rest = element.children.filter((one) => one.name !== 'fullName');
  const own = new XmlElement({ ...element, name: 'fullName', text: name, attributes: {}, children: [] });
  const children = [...(child === undefined ? [] : [own]), ...rest]
    .map(withPrefixes)
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const attributes = {
    xmlns: METADATA_NAMESPACE,
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
  };
  return {
    type,
    fullName,
    file: fullName,
    xml: new XmlElement({ ...element, name: type, file: fullName, attributes, children }),
  };
}

/** The envelope was read without prefixes; the two attributes that metadata has stand in a namespace. */
function withPrefixes(element: XmlElement): XmlElement {
  const attributes = Object.entries(element.attributes).flatMap(([name, value]): [string, string][] =>
    name === 'type' || name === 'nil' ? [[`xsi:${name}`, value]] : [],
  );
  const children = element.children.map(withPrefixes);
  return new XmlElement({ ...element, attributes: Object.fromEntries(attributes), children });
}

function outcomes(call: SoapCall, wishes: readonly Wish[], tellsCreated?: 'tellsCreated'): Xml {
  const allOrNone = call.header('AllOrNoneHeader')?.flag('allOrNone', false) ?? false;
  const results = allOrNone ? together(call.org, wishes) : wishes.map((wish) => alone(call.org, wish));
  return results.map(({ member, errors, created }) => ({
    ...(tellsCreated === undefined ? {} : { created: created && errors.length === 0 }),
    errors: errors.map(({ fields, message, statusCode }) => ({ fields, message, statusCode })),
    fullName: member.fullName,
    success: errors.length === 0,
  }));
}

type Result = { member: Member; errors: RowError[]; created: boolean };

function alone(org: Engine, wish: Wish): Result {
  if ('error' in wish) return { member: wish.member, errors: [wish.error], created: false };
  if ('drop' in wish) return { member: wish.drop, errors: made(org, [], [wish.drop]).map(errorOf), created: false };
  return { member: wish.member, errors: made(org, wish.put, []).map(errorOf), created: !wish.isThere };
}

/** All of them or none: where one fails, the others say that they were taken back. */
function together(org: Engine, wishes: readonly Wish[]): Result[] {
  const refused = wishes.some((wish) => 'error' in wish);
  const put = wishes.flatMap((wish) => ('put' in wish ? wish.put : []));
  const drop = wishes.flatMap((wish) => ('drop' in wish ? [wish.drop] : []));
  const failures = refused ? [] : made(org, put, drop);
  const isUndone = refused || failures.length > 0;
  return wishes.map((wish) => {
    if ('error' in wish) return { member: wish.member, errors: [wish.error], created: false };
    const member = 'drop' in wish ? wish.drop : wish.member;
    const parts = 'drop' in wish ? [member] : wish.put;
    const own = failures.filter(({ componentType: type, fullName }) =>
      parts.some((part) => keyOf(part) === keyOf({ type, fullName })),
    );
    const errors = own.length > 0 ? own.map(errorOf) : isUndone ? [rolledBack] : [];
    return { member, errors, created: 'put' in wish && !wish.isThere };
  });
}

/** What speaks against a change that is made at once; nothing where it was made. */
const made = (org: Engine, put: readonly Component[], drop: readonly Member[]): Message[] =>
  changed(org, { put, drop }).filter(({ success }) => !success);

const rolledBack = problem(
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'Record rolled back because not all records were valid and the request was using AllOrNone header',
);

const errorOf = ({ problem: text }: Message): RowError => problem('FIELD_INTEGRITY_EXCEPTION', text ?? '');
