/** Deploys a package into the org: checks every component, then applies all of them or none, and says what became of each. */
import isEqual from 'lodash/isEqual.js';
import { childKinds, keyOf, type Component } from '../../schema/components.js';
import { orgSchemaFrom } from '../../schema/orgSchema.js';
import { structureFault } from '../../schema/structure.js';
import { XmlElement, xmlText } from '../../schema/xml.js';
import type { Deployment, Engine, OrgComponent } from '../engine.js';
import { ArchiveError, unpack } from './archive.js';
import { problemOf, readPackage, type Member } from './package.js';
import { referenceFaults, viewOf } from './references.js';

export type DeployOptions = {
  allowMissingFiles: boolean;
  autoUpdatePackage: boolean;
  checkOnly: boolean;
  ignoreWarnings: boolean;
  purgeOnDelete: boolean;
  rollbackOnError: boolean;
  singlePackage: boolean;
};

/** What became of one component, in the shape of Salesforce's DeployMessage. */
export type Message = {
  componentType: string;
  fullName: string;
  fileName: string;
  id?: string;
  changed: boolean;
  created: boolean;
  deleted: boolean;
  success: boolean;
  problem?: string;
  problemType?: 'Error' | 'Warning';
};

export type Outcome = {
  status: 'Succeeded' | 'SucceededPartial' | 'Failed';
  messages: Message[];
  /** Why nothing of it was read. */
  error?: { code: string; message: string };
};

/**
 * Deploys a zip.
 *
 * With `rollbackOnError`, one component that fails leaves the org as it was; without, those that fit are applied.
 * `checkOnly` does everything and keeps nothing.
 * Errors: none are thrown for what a package can get wrong; each is a message.
 * Source: Metadata API Developer Guide, deploy() and DeployResult; Fault words in `package` and `references`.
 */
export async function deployZip(engine: Engine, zip: Buffer, options: DeployOptions): Promise<Outcome> {
  try {
    const files = await unpack(zip);
    const { components, drop, problems } = readPackage(files, options);
    const failed = problems.map((one): Message => ({
      ...blank({ type: one.type, fullName: one.fullName }, one.file),
      problem: one.problem,
      problemType: 'Error',
    }));
    return deploy(engine, { put: components, drop }, failed, options);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return { status: 'Failed', messages: [], error: { code: 'INVALID_INPUT', message: error.message } };
  }
}

const blank = ({ type, fullName }: Member, fileName: string): Message => ({
  componentType: type,
  fullName,
  fileName,
  changed: false,
  created: false,
  deleted: false,
  success: false,
});

/** What becomes of a change that is made as a whole or not at all. */
export const changed = (engine: Engine, change: Deployment): Message[] =>
  deploy(engine, change, [], {
    allowMissingFiles: false,
    autoUpdatePackage: false,
    checkOnly: false,
    ignoreWarnings: false,
    purgeOnDelete: false,
    rollbackOnError: true,
    singlePackage: true,
  }).messages;

function deploy(engine: Engine, change: Deployment, failed: readonly Message[], options: DeployOptions): Outcome {
  const before = new Map(engine.components().map((component) => [keyOf(component), component]));
  const messages = [...failed];
  let put = [...change.put];
  const present = change.drop.filter((member) => before.has(keyOf(member)));
  const drop = present.flatMap((member) => [member, ...partsOf(member, [...before.values()])]);
  // Without rollback each round leaves out what failed, as what leans on it may fail next.
  for (;;) {
    const faults = faultsOf(engine, { put, drop });
    messages.push(...faults.map(({ message }) => message));
    const faulty = new Set(faults.map(({ key }) => key));
    put = put.filter((component) => !faulty.has(keyOf(component)));
    if (faults.length === 0 || options.rollbackOnError) break;
    if (faults.every(({ key }) => !change.put.some((component) => keyOf(component) === key))) break;
  }
  const warnings = change.drop
    .filter((member) => !before.has(keyOf(member)))
    .map(({ type, fullName }): Message => ({
      ...blank({ type, fullName }, 'destructiveChanges.xml'),
      success: true,
      problem: `No ${type} named: ${fullName} found`,
      problemType: 'Warning',
    }));
  const isFailed = messages.length > 0;
  const applies = !isFailed || (!options.rollbackOnError && put.length > 0);
  if (applies) {
    const late = engine.deploy({ put, drop }, options.checkOnly ? 'check' : 'keep');
    if (late.length > 0) {
      messages.push(...late.map(({ component, error }) => failure(component, problemOf(error))));
      return { status: 'Failed', messages: [...messages, ...warnings] };
    }
  }
  const after = new Map(engine.components().map((component) => [keyOf(component), component]));
  messages.push(
    ...put.map((component) => success(component, before.get(keyOf(component)), after.get(keyOf(component)))),
    ...present.map((member) => ({
      ...blank(member, 'destructiveChanges.xml'),
      changed: true,
      deleted: true,
      success: true,
    })),
    ...warnings,
  );
  return { status: !isFailed ? 'Succeeded' : applies ? 'SucceededPartial' : 'Failed', messages };
}

export type FoundFault = { key: string; message: Message };

/** Everything that speaks against a change, each component with its first faults only: what it is, then what it names. */
export function faultsOf(engine: Engine, { put, drop }: Deployment): FoundFault[] {
  const found = new Map<string, FoundFault[]>();
  const add = (component: Component, problem: string): void => {
    const key = keyOf(component);
    found.set(key, [...(found.get(key) ?? []), { key, message: failure(component, problem) }]);
  };
  for (const component of put) {
    const fault = structureFault(component.xml);
    if (fault !== undefined) add(component, fault);
  }
  const sound = put.filter((component) => !found.has(keyOf(component)));
  const next = new Map<string, Component>(engine.components().map((component) => [keyOf(component), component]));
  for (const member of drop) next.delete(keyOf(member));
  for (const component of sound) next.set(keyOf(component), component);
  const { schema, faults } = orgSchemaFrom([...next.values()]);
  for (const { component, error } of faults) if (!found.has(keyOf(component))) add(component, problemOf(error));
  const view = viewOf([...next.values()], schema.objects);
  const dropped = new Set(drop.map(keyOf));
  const checked = drop.length === 0 ? sound : [...next.values()];
  for (const component of checked.filter((one) => !found.has(keyOf(one)))) {
    const isOurs = sound.includes(component);
    for (const problem of referenceFaults(component, view)) {
      add(
        component,
        isOurs ? problem : `${problem}. It is deleted by this deploy and still in use here: ${[...dropped].join(', ')}`,
      );
    }
  }
  return [...found.values()].flat();
}

/** What goes with a component that is deleted: the parts of an object, and the records of a metadata type. */
function partsOf({ type, fullName }: Member, components: readonly OrgComponent[]): Member[] {
  if (type !== 'CustomObject') return [];
  const records = fullName.endsWith('__mdt') ? `${fullName.slice(0, -'__mdt'.length)}.` : undefined;
  return components.filter(
    (one) =>
      (childKinds.some((child) => child.type === one.type) && one.fullName.startsWith(`${fullName}.`)) ||
      (one.type === 'CustomMetadata' && records !== undefined && one.fullName.startsWith(records)) ||
      (one.type === 'Layout' && one.fullName.startsWith(`${fullName}-`)) ||
      (one.type === 'CustomTab' && one.fullName === fullName),
  );
}

const failure = (component: Component, problem: string): Message => ({
  ...blank(component, component.file),
  problem,
  problemType: 'Error',
});

function success(component: Component, before: OrgComponent | undefined, after: OrgComponent | undefined): Message {
  const same =
    before !== undefined && contentOf(before) === contentOf(component) && isEqual(before.bundle, component.bundle);
  const id = after?.id ?? before?.id;
  return {
    ...blank(component, component.file),
    ...(id === undefined ? {} : { id }),
    created: before === undefined,
    changed: !same,
    success: true,
  };
}

/** What a component says, whatever namespaces its root declares. */
const contentOf = ({ xml }: Component): string => xmlText(new XmlElement({ ...xml, attributes: {} }));
