/** A deployed package as components, and components as the package that a retrieve gives back. */
import { childKinds, keyOf, kinds, type Component, type Kind } from '../../schema/components.js';
import { metadataTypes } from '../../schema/shapes.js';
import { escaped, METADATA_NAMESPACE, parseXml, SourceError, XmlElement, xmlText } from '../../schema/xml.js';
import type { Files } from './archive.js';

/** What is wrong with a file or a name before anything is deployed, in Salesforce's words. */
export type Problem = { file: string; type: string; fullName: string; problem: string; isWarning?: boolean };

/** A name in package.xml or in a destructiveChanges file. */
export type Member = { type: string; fullName: string };

export type Package = {
  components: Component[];
  drop: Member[];
  problems: Problem[];
};

export type ReadOptions = { singlePackage: boolean; allowMissingFiles: boolean; autoUpdatePackage: boolean };

/**
 * Reads the files of a zip: package.xml, the components that it names, and what destructiveChanges files name.
 *
 * Errors: none are thrown; what cannot be read, what package.xml does not name and what it names in vain are problems.
 * Source: cli issue 2182 (not found in zipped directory), Salesforce Stack Exchange 22240 (not in package.xml),
 *         CustomMetadataLoader issue 34 (no package.xml), cli issue 1272 (not available).
 */
export function readPackage(files: Files, options: ReadOptions): Package {
  const read: Package = { components: [], drop: [], problems: [] };
  for (const base of basesIn(files, options)) {
    const own = new Map(
      [...files].filter(([path]) => path.startsWith(base)).map(([path, bytes]) => [path.slice(base.length), bytes]),
    );
    const one = readOne(own, base, options);
    read.components.push(...one.components);
    read.drop.push(...one.drop);
    read.problems.push(...one.problems);
  }
  const seen = new Set<string>();
  const twice = read.components.filter((component) => seen.size === seen.add(keyOf(component)).size);
  for (const { file, type, fullName } of twice) {
    read.problems.push({
      file,
      type,
      fullName,
      problem: `Duplicate ${type}: ${fullName} stands more than once in this deploy`,
    });
  }
  return { ...read, components: read.components.filter((component) => !twice.includes(component)) };
}

/** The folders that hold a package.xml: the archive itself, or each folder in it. */
function basesIn(files: Files, { singlePackage }: ReadOptions): string[] {
  if (singlePackage) {
    const first = [...files.keys()][0] ?? '';
    // Clients may pack the one folder and not what is in it.
    return files.has('package.xml') || !first.includes('/') || !files.has(`${folderOf(first)}package.xml`)
      ? ['']
      : [folderOf(first)];
  }
  return [...new Set([...files.keys()].map(folderOf))];
}

const folderOf = (path: string): string => (path.includes('/') ? `${path.split('/')[0]}/` : '');

function readOne(files: Files, base: string, options: ReadOptions): Package {
  const problems: Problem[] = [];
  const manifest = manifestIn(files, 'package.xml', base, problems);
  if (manifest === undefined) return { components: [], drop: [], problems };
  const found = [...files].flatMap(([path, bytes]) => {
    try {
      return componentsIn(path, bytes, files);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push({ file: `${base}${path}`, ...nameOf(path), problem: problemOf(error) });
      return [];
    }
  });
  const { named, unknown } = sorted(manifest, base);
  problems.push(...unknown);
  const broken = new Set(problems.map(({ type, fullName }) => keyOf({ type, fullName })));
  const isNamed = (component: Component): boolean =>
    options.autoUpdatePackage ||
    namesOf(component).some((name) => named.has(keyOf(name)) || named.has(`${listedAs(name.type)}:*`));
  for (const { file, type, fullName } of found.filter((component) => !isNamed(component))) {
    problems.push({ file: `${base}${file}`, type, fullName, problem: 'Not in package.xml' });
  }
  const there = new Set(found.flatMap((component) => namesOf(component).map(keyOf)));
  const missing = options.allowMissingFiles
    ? []
    : [...named.values()].filter(
        (member) => member.fullName !== '*' && !there.has(keyOf(member)) && !broken.has(keyOf(member)),
      );
  for (const { type, fullName } of missing) {
    const problem = `An object '${fullName}' of type ${type} was named in package.xml, but was not found in zipped directory`;
    problems.push({ file: `${base}package.xml`, type: '', fullName, problem });
  }
  const drop = ['destructiveChangesPre.xml', 'destructiveChanges.xml', 'destructiveChangesPost.xml']
    .filter((name) => files.has(name))
    .flatMap((name) => manifestIn(files, name, base, problems) ?? []);
  return {
    components: found.filter(isNamed).map((component) => ({ ...component, file: `${base}${component.file}` })),
    drop: [...sorted(drop, base).named.values()],
    problems: [...problems, ...sorted(drop, base).unknown],
  };
}

function manifestIn(files: Files, name: string, base: string, problems: Problem[]): Member[] | undefined {
  const file = `${base}${name}`;
  const bytes = files.get(name);
  if (bytes === undefined) {
    problems.push({ file, type: '', fullName: name, problem: `No ${name} found` });
    return undefined;
  }
  try {
    return parseXml(bytes.toString('utf8'), file, 'Package')
      .all('types')
      .flatMap((types) => {
        const type = types.required('name');
        return types.all('members').map(({ text }) => ({ type, fullName: text.trim() }));
      });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    problems.push({ file, type: '', fullName: name, problem: problemOf(error) });
    return undefined;
  }
}

/** Names of kinds that the org takes, by key, and what is wrong with the others. */
function sorted(members: readonly Member[], base: string): { named: Map<string, Member>; unknown: Problem[] } {
  const types = [...new Set(members.map(({ type }) => type))].filter((type) => !isTaken(type));
  return {
    named: new Map(members.filter(({ type }) => isTaken(type)).map((member) => [keyOf(member), member])),
    unknown: types.map((type) => ({
      file: `${base}package.xml`,
      type: '',
      fullName: type,
      problem: metadataTypes.split(' ').includes(type)
        ? `${type}: Not available for deploy for this organization`
        : `Unknown type name '${type}' specified in package.xml`,
    })),
  };
}

const isTaken = (type: string): boolean =>
  kinds.some((kind) => kind.type === type) || childKinds.some((kind) => kind.type === type);

/** A folder of reports is listed among the reports. */
const listedAs = (type: string): string => kinds.find(({ folder }) => folder?.type === type)?.folder?.listedAs ?? type;

/** The names under which package.xml may name a component: its own, and that of what it is a part of. */
export function namesOf({ type, fullName }: Member): Member[] {
  const own = { type: listedAs(type), fullName };
  const child = childKinds.find((kind) => kind.type === type);
  if (child === undefined) return [own];
  const parent = child.named === 'withParent' ? (fullName.split('.')[0] ?? '') : child.parent.type;
  return [own, { type: child.parent.type, fullName: parent }];
}

/** What an error of reading says about its file, as a deploy words it. */
export const problemOf = ({ element, value, expected }: SourceError): string =>
  `${element} is ${value === '' ? 'empty' : JSON.stringify(value)}; expected ${expected}`;

function nameOf(path: string): Member {
  const [directory = '', ...rest] = path.split('/');
  const kind = kinds.find((one) => one.directory === directory);
  const name = rest.join('/');
  return { type: kind?.type ?? '', fullName: kind?.isBundle === true ? (rest[0] ?? '') : name.replace(/\.\w+$/, '') };
}

/** The components in one file of a package; none in a file that belongs to a bundle. */
function componentsIn(path: string, bytes: Buffer, files: Files): Component[] {
  const [directory = '', ...rest] = path.split('/');
  if (rest.length === 0) {
    if (/^(package|destructiveChanges(Pre|Post)?)\.xml$/.test(path)) return [];
    throw new SourceError(path, 'the file', path, 'a file in the directory of its kind');
  }
  const kind = kinds.find((one) => one.directory === directory);
  if (kind === undefined)
    throw new SourceError(path, 'the directory', directory, 'the directory of a kind that this organization takes');
  const name = rest.join('/');
  if (kind.isBundle === true) return bundleIn(kind, path, rest, bytes, files);
  const folder = /^(.+)-meta\.xml$/.exec(name)?.[1];
  if (folder !== undefined && kind.folder !== undefined && !folder.endsWith(`.${kind.suffix}`)) {
    return [whole(kind.folder.type, folder, path, bytes)];
  }
  if (!name.endsWith(`.${kind.suffix}`) || (rest.length > 1 && kind.folder === undefined)) {
    throw new SourceError(path, 'the file', name, `a file <name>.${kind.suffix}`);
  }
  const component = whole(kind.type, name.slice(0, -kind.suffix.length - 1), path, bytes);
  return kind.children === undefined ? [component] : withParts(kind, component);
}

const whole = (type: string, fullName: string, file: string, bytes: Buffer): Component => ({
  type,
  fullName,
  file,
  xml: parseXml(bytes.toString('utf8'), file, type),
});

function bundleIn(
  kind: Kind,
  path: string,
  [bundle = '', ...inner]: string[],
  bytes: Buffer,
  files: Files,
): Component[] {
  const folder = `${kind.directory}/${bundle}/`;
  const meta = `${folder}${bundle}.${kind.suffix}-meta.xml`;
  if (inner.length === 0) throw new SourceError(path, 'the file', bundle, `a folder of its own for each bundle`);
  if (!files.has(meta))
    throw new SourceError(path, 'the bundle', bundle, `a file ${bundle}.${kind.suffix}-meta.xml in it`);
  if (path !== meta) return [];
  const own = [...files].filter(([file]) => file.startsWith(folder) && file !== meta);
  const contents = Object.fromEntries(own.map(([file, content]) => [file.slice(folder.length), content]));
  return [{ ...whole(kind.type, bundle, path, bytes), bundle: contents }];
}

/** A file that holds components within another, taken apart; what remains of it may be nothing. */
export function withParts(kind: Kind, component: Component): Component[] {
  const children = kind.children ?? {};
  const parts = component.xml.children.flatMap((element): Component[] => {
    const child = children[element.name];
    if (child === undefined) return [];
    const name = element.required('fullName');
    const fullName = child.named === 'withParent' ? `${component.fullName}.${name}` : name;
    const xml = new XmlElement({ ...element, name: child.type, attributes: component.xml.attributes });
    return [{ type: child.type, fullName, file: component.file, xml }];
  });
  const rest = component.xml.children.filter(({ name }) => children[name] === undefined);
  const remaining = new XmlElement({ ...component.xml, children: rest });
  return rest.length === 0 ? parts : [{ ...component, xml: remaining }, ...parts];
}

/** The files of components as a retrieve packs them, without package.xml: parts stand in their parent's file again. */
export function filesOf(components: readonly Component[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const nested = new Map<string, { kind: Kind; name: string; own?: XmlElement; parts: XmlElement[] }>();
  for (const component of components) {
    const child = childKinds.find(({ type }) => type === component.type);
    const kind = child?.parent ?? kinds.find(({ type }) => type === component.type);
    if (kind?.children !== undefined) {
      const name = child === undefined ? component.fullName : (namesOf(component)[1]?.fullName ?? '');
      const file = nested.get(`${kind.type}:${name}`) ?? { kind, name, parts: [] };
      if (child === undefined) file.own = component.xml;
      else file.parts.push(new XmlElement({ ...component.xml, name: child.element, attributes: {} }));
      nested.set(`${kind.type}:${name}`, file);
    } else {
      for (const [path, bytes] of ownFiles(component, kind)) files.set(path, bytes);
    }
  }
  for (const { kind, name, own, parts } of nested.values()) {
    const children = [...(own?.children ?? []), ...parts].toSorted((a, b) => compare(a.name, b.name));
    const attributes = own?.attributes ?? { xmlns: METADATA_NAMESPACE };
    const root = new XmlElement({ name: kind.type, text: '', attributes, children, file: '', path: kind.type });
    files.set(`${kind.directory}/${name}.${kind.suffix}`, Buffer.from(xmlText(root)));
  }
  return files;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function ownFiles(component: Component, kind: Kind | undefined): [string, Buffer][] {
  const text = Buffer.from(xmlText(component.xml));
  const { fullName } = component;
  const above = kinds.find(({ folder }) => folder?.type === component.type);
  if (above !== undefined) return [[`${above.directory}/${fullName}-meta.xml`, text]];
  if (kind === undefined) throw new Error(`No kind ${component.type}.`);
  if (component.bundle === undefined) return [[`${kind.directory}/${fullName}.${kind.suffix}`, text]];
  return [
    [`${kind.directory}/${fullName}/${fullName}.${kind.suffix}-meta.xml`, text],
    ...Object.entries(component.bundle).map(([path, bytes]): [string, Buffer] => [
      `${kind.directory}/${fullName}/${path}`,
      bytes,
    ]),
  ];
}

/** The path of a component's file within a package. */
export function pathOf(component: Member & { bundle?: unknown }): string {
  const child = childKinds.find(({ type }) => type === component.type);
  const kind = child?.parent ?? kinds.find(({ type }) => type === component.type);
  const above = kinds.find(({ folder }) => folder?.type === component.type);
  if (above !== undefined) return `${above.directory}/${component.fullName}`;
  if (kind === undefined) return component.fullName;
  const name = child === undefined ? component.fullName : (namesOf(component)[1]?.fullName ?? '');
  return kind.isBundle === true ? `${kind.directory}/${name}` : `${kind.directory}/${name}.${kind.suffix}`;
}

/** package.xml for members, kinds and names in order. */
export function manifestOf(members: readonly Member[], version: string): Buffer {
  const byType = new Map<string, Set<string>>();
  for (const { type, fullName } of members) {
    const names = byType.get(listedAs(type)) ?? new Set();
    byType.set(listedAs(type), names.add(fullName));
  }
  const types = [...byType]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([type, names]) => {
      const list = [...names].toSorted(compare).map((name) => `        <members>${escaped(name)}</members>\n`);
      return `    <types>\n${list.join('')}        <name>${type}</name>\n    </types>\n`;
    });
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="${METADATA_NAMESPACE}">\n${types.join('')}    <version>${version}</version>\n</Package>\n`,
  );
}
