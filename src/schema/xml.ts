/** Reads Salesforce metadata XML as a tree that knows where it came from, so that every refusal names its place. */
import { readFileSync } from 'node:fs';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export const METADATA_NAMESPACE = 'http://soap.sforce.com/2006/04/metadata';

/** Metadata that cannot be read: names the file, the element, what it says and what was expected. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  readonly file: string;
  readonly element: string;
  readonly value: string;
  readonly expected: string;

  constructor(file: string, element: string, value: string, expected: string, options?: ErrorOptions) {
    super(`${file}: ${element} is ${value === '' ? 'empty' : JSON.stringify(value)}; expected ${expected}.`, options);
    this.file = file;
    this.element = element;
    this.value = value;
    this.expected = expected;
  }
}

/** The deepest nesting and the largest file that metadata of our kinds ever needs. */
const MAXIMUM_DEPTH = 32;
const MAXIMUM_CHARACTERS = 5_000_000;

/**
 * Reads one metadata file and returns its root element.
 *
 * Errors: `SourceError` for anything but one well-formed root `kind` in the metadata namespace. Document types and
 *         entities are refused, never expanded.
 */
export function readXml(file: string, kind: string): XmlElement {
  return parseXml(readFileSync(file, 'utf8'), file, kind);
}

export function parseXml(source: string, file: string, kind: string): XmlElement {
  const root = parseTree(source, file, { prefixes: 'kept', longest: MAXIMUM_CHARACTERS });
  if (root.name !== kind) throw new SourceError(file, 'the root', root.name, `one element ${kind}`);
  if (root.attributes['xmlns'] !== METADATA_NAMESPACE) {
    throw new SourceError(file, `xmlns of ${kind}`, root.attributes['xmlns'] ?? '', METADATA_NAMESPACE);
  }
  return root;
}

/**
 * Reads any well-formed XML with one root; `dropped` prefixes leave names as they are within their namespaces.
 *
 * Errors: `SourceError` for anything else, for more than `longest` characters, and for document types and entities.
 */
export function parseTree(
  source: string,
  file: string,
  { prefixes, longest }: { prefixes: 'kept' | 'dropped'; longest: number },
): XmlElement {
  const text = source.replace(/^\uFEFF/, '');
  if (text.length > longest) {
    throw new SourceError(file, 'the file', `${text.length} characters long`, `at most ${longest}`);
  }
  const declared = /<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST)/i.exec(text);
  if (declared) throw new SourceError(file, 'the file', `${declared[0]} …`, 'XML without a document type');
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { msg, line, col } = valid.err;
    throw new SourceError(file, `line ${line}${Number.isFinite(col) ? `, column ${col}` : ''}`, msg, 'well-formed XML');
  }
  const roots = elementsIn(parsed(text, file, parsers[prefixes]), file, '');
  const [root] = roots;
  if (!root || roots.length > 1 || !/>\s*$/.test(text)) {
    throw new SourceError(file, 'the root', roots.map(({ name }) => name).join(', '), 'one element');
  }
  return root;
}

/** The text of an element as a file of its own, as the platform writes metadata: one element a line, four spaces a level. */
export const xmlText = (root: XmlElement): string => `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, '')}`;

function written(element: XmlElement, indent: string): string {
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const open = `${indent}<${element.name}${attributes.join('')}`;
  if (element.children.length > 0) {
    const children = element.children.map((child) => written(child, `${indent}    `));
    return `${open}>\n${children.join('')}${indent}</${element.name}>\n`;
  }
  return element.text === '' ? `${open}/>\n` : `${open}>${escaped(element.text)}</${element.name}>\n`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xd;',
};

/** Text as it may stand in an element or an attribute; what XML cannot carry becomes the replacement character. */
export const escaped = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"'\r]/g, (character) => escapes[character] ?? character);

/** One element: its children in order, its text with references resolved, and readers that refuse what does not fit. */
export class XmlElement {
  readonly name: string;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly file: string;
  readonly path: string;

  constructor(from: Pick<XmlElement, 'name' | 'text' | 'attributes' | 'children' | 'file' | 'path'>) {
    this.name = from.name;
    this.text = from.text;
    this.attributes = from.attributes;
    this.children = from.children;
    this.file = from.file;
    this.path = from.path;
  }

  all(name: string): XmlElement[] {
    return this.children.filter((child) => child.name === name);
  }

  /** The only child of that name. */
  one(name: string): XmlElement | undefined {
    const found = this.all(name);
    if (found.length > 1) throw this.refuse(`given ${found.length} times`, 'given once', name);
    return found[0];
  }

  /** The text of the only child of that name; an empty element counts as none. */
  string(name: string): string | undefined {
    const text = this.one(name)?.text;
    return text === '' ? undefined : text;
  }

  required(name: string): string {
    const text = this.string(name);
    if (text === undefined) throw this.refuse('missing', 'a value', name);
    return text;
  }

  whole(name: string, from: number, to: number): number | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < from || number > to) {
      throw this.refuse(text, `a whole number from ${from} to ${to}`, name);
    }
    return number;
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.string(name);
    if (text === undefined) return otherwise;
    if (text !== 'true' && text !== 'false') throw this.refuse(text, 'true or false', name);
    return text === 'true';
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T {
    const text = this.required(name);
    const found = values.find((value) => value === text);
    if (found === undefined) throw this.refuse(text, `one of ${values.join(', ')}`, name);
    return found;
  }

  refuse(value: string, expected: string, child?: string): SourceError {
    return new SourceError(this.file, child === undefined ? this.path : `${this.path}/${child}`, value, expected);
  }
}

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';

const options = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // References are resolved below: only the five of XML itself and numbers, in text but not in CDATA.
  processEntities: false,
  textNodeName: TEXT,
  cdataPropName: CDATA,
  maxNestedTags: MAXIMUM_DEPTH,
} as const;

const parsers = { kept: new XMLParser(options), dropped: new XMLParser({ ...options, removeNSPrefix: true }) };

function parsed(text: string, file: string, parser: XMLParser): unknown {
  try {
    const tree: unknown = parser.parse(text);
    return tree;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(file, 'the file', reason, 'metadata XML', { cause });
  }
}

function elementsIn(nodes: unknown, file: string, path: string): XmlElement[] {
  return nodesOf(nodes).flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT && key !== CDATA);
    if (name === undefined) return [];
    const here = path === '' ? name : `${path}/${name}`;
    const inner = nodesOf(node[name]);
    const raw = node[ATTRIBUTES];
    const attributes = Object.fromEntries(
      (isRecord(raw) ? Object.entries(raw) : []).map(([key, value]) => [key, resolved(String(value), file, here)]),
    );
    const text = textOf(inner, file, here);
    return [new XmlElement({ name, text, attributes, children: elementsIn(inner, file, here), file, path: here })];
  });
}

function textOf(nodes: readonly Record<string, unknown>[], file: string, path: string): string {
  return nodes
    .map((node) =>
      CDATA in node
        ? nodesOf(node[CDATA])
            .map((inner) => String(inner[TEXT]))
            .join('')
        : TEXT in node
          ? resolved(String(node[TEXT]), file, path)
          : '',
    )
    .join('');
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolved(text: string, file: string, path: string): string {
  return text.replace(/&([^;\s]*);/g, (reference, name: string) => {
    const number = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
    const point = number ? parseInt(number[1] ?? number[2] ?? '', number[1] === undefined ? 10 : 16) : undefined;
    const character = point === undefined ? named[name] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
    if (character === undefined) throw new SourceError(file, path, reference, 'no entity but those of XML itself');
    return character;
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const nodesOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);
