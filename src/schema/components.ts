/** The components that metadata is made of: which kinds an org takes, where they stand in a source directory, and reading them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parseXml, SourceError, XmlElement } from './xml.js';

/** One component, wherever it was read from: a source directory, a deployed zip, or the org itself. */
export type Component = {
  /** `CustomField`, and the name that goes with it: `Account.KAM_Tier__c`. */
  type: string;
  fullName: string;
  xml: XmlElement;
  /** Where it stands, as a message names it. */
  file: string;
  /** The files of a bundle by path below the bundle's folder, its `-meta.xml` left out. */
  bundle?: Readonly<Record<string, Buffer>>;
};

/** A kind of component that has a file, or in a bundle's case a folder, of its own. */
export type Kind = {
  type: string;
  directory: string;
  suffix: string;
  /** Its files stand in folders, which are components too. */
  folder?: { type: string; suffix: string; listedAs: string };
  isBundle?: boolean;
  /** Elements that are components of their own, by element. */
  children?: Readonly<Record<string, ChildKind>>;
};

/** `named`: by its parent too (`Account.Field__c`), or alone (`My_Label`). `folder`: where source keeps each in a file. */
export type ChildKind = { type: string; named: 'withParent' | 'alone'; folder?: string; suffix?: string };

const part = (type: string, folder: string, suffix: string): ChildKind => ({
  type,
  named: 'withParent',
  folder,
  suffix,
});

/** Every kind that an org takes; what is not here is not available for deploy. */
export const kinds: readonly Kind[] = [
  {
    type: 'CustomObject',
    directory: 'objects',
    suffix: 'object',
    children: {
      fields: part('CustomField', 'fields', 'field'),
      validationRules: part('ValidationRule', 'validationRules', 'validationRule'),
      listViews: part('ListView', 'listViews', 'listView'),
      compactLayouts: part('CompactLayout', 'compactLayouts', 'compactLayout'),
      fieldSets: part('FieldSet', 'fieldSets', 'fieldSet'),
      webLinks: part('WebLink', 'webLinks', 'webLink'),
    },
  },
  { type: 'CustomMetadata', directory: 'customMetadata', suffix: 'md' },
  { type: 'PermissionSet', directory: 'permissionsets', suffix: 'permissionset' },
  { type: 'CustomPermission', directory: 'customPermissions', suffix: 'customPermission' },
  { type: 'GlobalValueSet', directory: 'globalValueSets', suffix: 'globalValueSet' },
  {
    type: 'CustomLabels',
    directory: 'labels',
    suffix: 'labels',
    children: { labels: { type: 'CustomLabel', named: 'alone' } },
  },
  { type: 'CustomTab', directory: 'tabs', suffix: 'tab' },
  { type: 'CustomApplication', directory: 'applications', suffix: 'app' },
  { type: 'FlexiPage', directory: 'flexipages', suffix: 'flexipage' },
  { type: 'QuickAction', directory: 'quickActions', suffix: 'quickAction' },
  { type: 'Layout', directory: 'layouts', suffix: 'layout' },
  { type: 'CustomObjectTranslation', directory: 'objectTranslations', suffix: 'objectTranslation' },
  { type: 'Translations', directory: 'translations', suffix: 'translation' },
  { type: 'ReportType', directory: 'reportTypes', suffix: 'reportType' },
  {
    type: 'Report',
    directory: 'reports',
    suffix: 'report',
    folder: { type: 'ReportFolder', suffix: 'reportFolder', listedAs: 'Report' },
  },
  {
    type: 'Dashboard',
    directory: 'dashboards',
    suffix: 'dashboard',
    folder: { type: 'DashboardFolder', suffix: 'dashboardFolder', listedAs: 'Dashboard' },
  },
  { type: 'PathAssistant', directory: 'pathAssistants', suffix: 'pathAssistant' },
  { type: 'LightningComponentBundle', directory: 'lwc', suffix: 'js', isBundle: true },
];

/** Every child kind with the kind and the element that it stands in. */
export const childKinds: readonly (ChildKind & { parent: Kind; element: string })[] = kinds.flatMap((parent) =>
  Object.entries(parent.children ?? {}).map(([element, child]) => ({ ...child, parent, element })),
);

export const keyOf = ({ type, fullName }: Pick<Component, 'type' | 'fullName'>): string =>
  `${type}:${fullName.toLowerCase()}`;

/** What stands in source directories: the components that an org takes, and files of kinds that it does not. */
export type FoundSource = { components: Component[]; leftAside: string[] };

/**
 * Reads source directories in the sf CLI's source format, file by file, in the order of their paths.
 *
 * Errors: `SourceError` for XML that is not well-formed or of another kind than its name says, and for a part that
 *         stands outside of its parent's folder.
 */
export function findSource(dirs: readonly string[]): FoundSource {
  const found: FoundSource = { components: [], leftAside: [] };
  for (const dir of dirs) {
    if (!existsSync(dir)) {
      throw new SourceError(dir, 'the source directory', 'missing', 'a directory with metadata source');
    }
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted(byCode);
    for (const file of files.filter((name) => name.endsWith('-meta.xml'))) {
      const component = sourceComponent(join(dir, file));
      if (component === undefined) found.leftAside.push(join(dir, file));
      else if (component !== 'part') found.components.push(component);
    }
  }
  found.components.push(...translations(found.components.splice(0)));
  return found;
}

export const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Elements never change, and a process that opens several orgs reads the same files for each: as text, then as parsed. */
const parsed = new Map<string, { text: string; type: string; xml: XmlElement }>();

function parsedOnce(text: string, file: string, type: string): XmlElement {
  const known = parsed.get(file);
  if (known?.text === text && known.type === type) return known.xml;
  const xml = parseXml(text, file, type);
  parsed.set(file, { text, type, xml });
  return xml;
}

function sourceComponent(file: string): Component | 'part' | undefined {
  const [, bare = '', suffix = ''] = /^(.+)\.(\w+)-meta\.xml$/.exec(basename(file)) ?? [];
  const read = (type: string, fullName: string): Component => ({
    type,
    fullName,
    xml: parsedOnce(readFileSync(file, 'utf8'), file, type),
    file,
  });
  const child = childKinds.find((one) => one.suffix === suffix);
  if (child !== undefined) {
    const home = dirname(dirname(file));
    if (basename(dirname(file)) !== child.folder || basename(dirname(home)) !== child.parent.directory) {
      throw new SourceError(file, 'the folder', dirname(file), `${child.parent.directory}/<object>/${child.folder}`);
    }
    return named(read(child.type, `${basename(home)}.${bare}`), bare);
  }
  const kind = kinds.find((one) => one.suffix === suffix && (suffix !== 'js' || isIn(file, one.directory)));
  if (kind?.isBundle === true) return { ...read(kind.type, bare), bundle: bundleAt(dirname(file), basename(file)) };
  if (kind?.folder !== undefined) return read(kind.type, `${pathBelow(file, kind.directory)}${bare}`);
  if (kind !== undefined) return read(kind.type, bare);
  const folder = kinds.find((one) => one.folder?.suffix === suffix)?.folder;
  if (folder !== undefined) return read(folder.type, bare);
  return suffix === 'fieldTranslation' ? read('CustomFieldTranslation', bare) : undefined;
}

/** A part's file says its name too. */
function named(component: Component, name: string): Component {
  const said = component.xml.required('fullName');
  if (said !== name) throw component.xml.refuse(said, `the name of the file, ${name}`, 'fullName');
  return component;
}

const isIn = (file: string, directory: string): boolean => basename(dirname(dirname(file))) === directory;

/** `Sales/` for `…/reports/Sales/Won.report-meta.xml`. */
function pathBelow(file: string, directory: string): string {
  const parts = dirname(file).split('/');
  const at = parts.lastIndexOf(directory);
  if (at < 0) throw new SourceError(file, 'the folder', dirname(file), `a folder below ${directory}`);
  return parts
    .slice(at + 1)
    .map((name) => `${name}/`)
    .join('');
}

function bundleAt(folder: string, metaFile: string): Record<string, Buffer> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .toSorted(byCode)
      .filter((name) => name !== metaFile && !/(^|\/)(__tests__|jsconfig\.json)/.test(name))
      .map((name) => join(folder, name))
      .filter((file) => statSync(file).isFile())
      .map((file) => [relative(folder, file), readFileSync(file)]),
  );
}

/** Source keeps a translated field in a file beside its object's translation; in the org it is part of that. */
function translations(components: readonly Component[]): Component[] {
  const fields = components.filter(({ type }) => type === 'CustomFieldTranslation');
  return components
    .filter(({ type }) => type !== 'CustomFieldTranslation')
    .map((component) => {
      const own = fields.filter(
        ({ file }) => component.type === 'CustomObjectTranslation' && dirname(file) === dirname(component.file),
      );
      if (own.length === 0) return component;
      const parts = own.map(({ xml }) => new XmlElement({ ...xml, name: 'fields', attributes: {} }));
      const children = [...component.xml.children, ...parts].toSorted((a, b) => byCode(a.name, b.name));
      return { ...component, xml: new XmlElement({ ...component.xml, children }) };
    });
}
