/** Deploys and retrieves under way and done, each with an id to ask for it. */
import { keyOf, kinds, childKinds, type Component } from '../../schema/components.js';
import { metadataTypes } from '../../schema/shapes.js';
import type { Engine, OrgComponent } from '../engine.js';
import { idOf } from '../ids.js';
import { SalesforceError } from '../refusal.js';
import { deployZip, type DeployOptions, type Message, type Outcome } from './deploy.js';
import { filesOf, manifestOf, namesOf, pathOf, type Member } from './package.js';
import { pack } from './archive.js';

export type DeployJob = {
  id: string;
  options: DeployOptions;
  createdAt: Date;
  user: { id: string; name: string };
  state: { is: 'queued' } | { is: 'canceled'; at: Date } | { is: 'done'; at: Date; outcome: Outcome };
  /** What a validation has seen, as long as it may be deployed. */
  validated?: Buffer;
};

export type RetrieveRequest = {
  apiVersion: string;
  singlePackage: boolean;
  members: readonly Member[];
};

export type RetrieveJob = {
  id: string;
  state: { is: 'queued' } | { is: 'done'; result: Retrieved };
};

export type Retrieved = {
  zip: Buffer;
  files: FileProperties[];
  messages: { fileName: string; problem: string }[];
};

export type FileProperties = {
  component: Pick<OrgComponent, 'id' | 'createdAt' | 'modifiedAt'>;
  type: string;
  fullName: string;
  fileName: string;
};

export type MetadataJobs = {
  deploy(engine: Engine, zip: Buffer, options: DeployOptions): DeployJob;
  /** Throws INVALID_ID_FIELD for an id that no deploy has. */
  deployed(id: string): DeployJob;
  cancel(id: string, at: Date): DeployJob;
  /** Deploys what a recent validation found to be sound; throws for a job that is no such validation. */
  deployValidated(engine: Engine, id: string): DeployJob;
  retrieve(engine: Engine, request: RetrieveRequest): RetrieveJob;
  retrieved(id: string): RetrieveJob;
  /** Resolves when everything that was asked for is done. */
  settled(): Promise<void>;
};

/** Salesforce keeps results for days; here the last of them, so that clients that never ask cost no memory. */
const KEPT_JOBS = 100;
const KEPT_VALIDATIONS = 10;
/** Source: Metadata API Developer Guide, deployRecentValidation(): validated within the last 10 days. */
const VALID_FOR = 10 * 24 * 60 * 60 * 1000;

/** `onError` is told of a failure that is the org's own. */
export function metadataJobs(onError: (error: unknown) => void): MetadataJobs {
  const deploys = new Map<string, DeployJob>();
  const retrieves = new Map<string, RetrieveJob>();
  let count = 0;
  // One after the other: a deploy that is checked against an org must find it the same when it is applied.
  let line = Promise.resolve();
  const inLine = (work: () => Promise<void>): void => {
    line = line.then(work).catch(onError);
  };
  const begin = (engine: Engine, zip: Buffer, options: DeployOptions): DeployJob => {
    count += 1;
    const user = { id: engine.userId, name: engine.username };
    const job: DeployJob = {
      id: idOf('0Af', count),
      options,
      createdAt: engine.now(),
      user,
      state: { is: 'queued' },
    };
    kept(deploys, job);
    inLine(async () => {
      if (job.state.is !== 'queued') return;
      const outcome = await deployZip(engine, zip, options).catch((error: unknown): Outcome => {
        onError(error);
        return {
          status: 'Failed',
          messages: [],
          error: { code: 'UNKNOWN_EXCEPTION', message: 'An unexpected error occurred.' },
        };
      });
      job.state = { is: 'done', at: engine.now(), outcome };
      if (!options.checkOnly || outcome.status !== 'Succeeded') return;
      job.validated = zip;
      const validations = [...deploys.values()].filter(({ validated }) => validated !== undefined);
      for (const old of validations.slice(0, -KEPT_VALIDATIONS)) delete old.validated;
    });
    return job;
  };
  return {
    deploy: begin,
    deployValidated: (engine, id) => {
      const validation = found(deploys, id);
      const { state, options, validated } = validation;
      const isRecent = state.is === 'done' && engine.now().getTime() - state.at.getTime() <= VALID_FOR;
      if (validated === undefined || !isRecent) {
        throw new SalesforceError(
          400,
          'INVALID_ID_FIELD',
          `${id} is no validation that can be deployed: expected one that succeeded within the last 10 days and was not deployed since`,
        );
      }
      delete validation.validated;
      return begin(engine, validated, { ...options, checkOnly: false });
    },
    deployed: (id) => found(deploys, id),
    cancel: (id, at) => {
      const job = found(deploys, id);
      if (job.state.is !== 'queued') {
        throw new SalesforceError(400, 'INVALID_ID_FIELD', `Deployment ${id} is already completed`);
      }
      job.state = { is: 'canceled', at };
      return job;
    },
    retrieve: (engine, request) => {
      count += 1;
      const job: RetrieveJob = { id: idOf('09S', count), state: { is: 'queued' } };
      kept(retrieves, job);
      inLine(async () => {
        job.state = { is: 'done', result: await retrieve(engine, request) };
      });
      return job;
    },
    retrieved: (id) => found(retrieves, id),
    settled: () => line,
  };
}

function kept<T extends { id: string }>(jobs: Map<string, T>, job: T): void {
  const [oldest] = jobs.keys();
  if (jobs.size >= KEPT_JOBS && oldest !== undefined) jobs.delete(oldest);
  jobs.set(job.id, job);
}

function found<T>(jobs: ReadonlyMap<string, T>, id: string): T {
  const job = [...jobs].find(([key]) => key === id || key.slice(0, 15) === id)?.[1];
  if (job === undefined) throw new SalesforceError(404, 'INVALID_ID_FIELD', `No such job: ${id}`);
  return job;
}

/**
 * Packs the components that a request names; `*` names all of a kind.
 *
 * Shape:  a standard object that is named brings its custom parts; the parts of a custom object come with it.
 * Source: Metadata API Developer Guide, retrieve() and the wildcards of package.xml; the words for what is not there are
 *         those that source-deploy-retrieve reads (`Entity of type '…' named '…' cannot be found`).
 */
async function retrieve(engine: Engine, { apiVersion, singlePackage, members }: RetrieveRequest): Promise<Retrieved> {
  const all = engine.components();
  const messages: Retrieved['messages'] = [];
  const chosen = new Map<string, OrgComponent>();
  for (const member of members) {
    const matching = all.filter((component) => isMeant(member, component));
    for (const component of matching) chosen.set(keyOf(component), component);
    if (!isKnown(member.type)) {
      messages.push({ fileName: 'unpackaged/package.xml', problem: `Entity type: '${member.type}' is unknown` });
    } else if (matching.length === 0 && member.fullName !== '*' && !isStandard(engine, member)) {
      messages.push({
        fileName: 'unpackaged/package.xml',
        problem: `Entity of type '${member.type}' named '${member.fullName}' cannot be found`,
      });
    }
  }
  const base = singlePackage ? '' : 'unpackaged/';
  const named = manifestOf([...chosen.values()].filter(isNamedAlone(members)), apiVersion);
  const files = new Map([...filesOf([...chosen.values()])].map(([path, bytes]) => [`${base}${path}`, bytes]));
  files.set(`${base}package.xml`, named);
  return {
    zip: await pack(files, engine.now()),
    files: [...chosen.values()].map((component) => ({
      component,
      type: component.type,
      fullName: component.fullName,
      fileName: `unpackaged/${pathOf(component)}`,
    })),
    messages,
  };
}

export const isKnown = (type: string): boolean =>
  kinds.some((kind) => kind.type === type) || childKinds.some((child) => child.type === type);

/** Whether a name in a request means a component: by its own name, or by that of what it is a part of. */
export function isMeant(member: Member, component: OrgComponent): boolean {
  const [own, parent] = namesOf(component);
  const isOwn = own?.type === member.type && sameName(member.fullName, own.fullName);
  // A wildcard for objects means the custom ones; standard objects are named.
  const wild =
    member.type === 'CustomObject' &&
    member.fullName === '*' &&
    component.fullName.split('.')[0]?.includes('__') !== true;
  return isOwn || (parent?.type === member.type && !wild && sameName(member.fullName, parent.fullName));
}

const sameName = (asked: string, name: string): boolean => asked === '*' || asked.toLowerCase() === name.toLowerCase();

const isStandard = (engine: Engine, { type, fullName }: Member): boolean =>
  type === 'CustomObject' && engine.object(fullName)?.kind === 'standard';

/** package.xml names what was asked for; the parts of an object that was asked for are named by it. */
const isNamedAlone =
  (members: readonly Member[]) =>
  (component: OrgComponent): boolean => {
    const [own] = namesOf(component);
    return members.some((member) => member.type === own?.type && sameName(member.fullName, own.fullName));
  };

/** A DeployResult, its fields in the order of the WSDL; `withDetails` adds what became of each component. */
export function deployResult(job: DeployJob, withDetails: boolean): Record<string, unknown> {
  const { id, options, createdAt, user, state } = job;
  const outcome = state.is === 'done' ? state.outcome : undefined;
  const messages = outcome?.messages ?? [];
  const errors = messages.filter(({ success }) => !success).length;
  const at = state.is === 'queued' ? createdAt : state.at;
  return {
    ...(state.is === 'canceled' ? { canceledBy: user.id, canceledByName: user.name } : {}),
    checkOnly: options.checkOnly,
    ...(state.is === 'queued' ? {} : { completedDate: at }),
    createdBy: user.id,
    createdByName: user.name,
    createdDate: createdAt,
    details: {
      ...(withDetails
        ? {
            componentFailures: messages.filter(({ success }) => !success).map((one) => messageOf(one, at)),
            componentSuccesses: messages.filter(({ success }) => success).map((one) => messageOf(one, at)),
          }
        : {}),
      runTestResult: { numFailures: 0, numTestsRun: 0, totalTime: 0 },
    },
    done: state.is !== 'queued',
    ...(outcome?.error === undefined
      ? {}
      : { errorMessage: outcome.error.message, errorStatusCode: outcome.error.code }),
    id,
    ignoreWarnings: options.ignoreWarnings,
    lastModifiedDate: at,
    numberComponentErrors: errors,
    numberComponentsDeployed: messages.length - errors,
    numberComponentsTotal: messages.length,
    numberTestErrors: 0,
    numberTestsCompleted: 0,
    numberTestsTotal: 0,
    rollbackOnError: options.rollbackOnError,
    runTestsEnabled: false,
    ...(state.is === 'canceled' ? {} : { startDate: createdAt }),
    status: state.is === 'queued' ? 'Pending' : state.is === 'canceled' ? 'Canceled' : state.outcome.status,
    success: outcome?.status === 'Succeeded' || outcome?.status === 'SucceededPartial',
  };
}

const messageOf = (message: Message, at: Date): Record<string, unknown> => ({
  changed: message.changed,
  componentType: message.componentType,
  created: message.created,
  createdDate: at,
  deleted: message.deleted,
  fileName: message.fileName,
  fullName: message.fullName,
  ...(message.id === undefined ? {} : { id: message.id }),
  ...(message.problem === undefined ? {} : { problem: message.problem, problemType: message.problemType }),
  success: message.success,
});

/** What FileProperties says of a component. */
export const propertiesOf = (file: FileProperties, user: { id: string; name: string }): Record<string, unknown> => ({
  createdById: user.id,
  createdByName: user.name,
  createdDate: file.component.createdAt,
  fileName: file.fileName,
  fullName: file.fullName,
  id: file.component.id,
  lastModifiedById: user.id,
  lastModifiedByName: user.name,
  lastModifiedDate: file.component.modifiedAt,
  manageableState: 'unmanaged',
  type: file.type,
});

export const describeKinds = (): Record<string, unknown> => ({
  metadataObjects: kinds.map(({ type, directory, suffix, folder, isBundle, children }) => ({
    ...(children === undefined ? {} : { childXmlNames: Object.values(children).map((child) => child.type) }),
    directoryName: directory,
    inFolder: folder !== undefined,
    metaFile: isBundle === true,
    ...(isBundle === true ? {} : { suffix }),
    xmlName: type,
  })),
  organizationNamespace: '',
  partialSaveAllowed: true,
  testRequired: false,
});

/**
 * The components of a kind, or of the folders of a kind (`ReportFolder`), as listMetadata answers them; standard objects
 * are listed too, without an id, as they are no components.
 *
 * Errors: INVALID_TYPE for a kind that no org has; one that this org does not take has no components.
 */
export function listed(engine: Engine, type: string, folder: string | undefined): FileProperties[] {
  const isFolder = kinds.some((kind) => kind.folder?.type === type);
  if (!isKnown(type) && !isFolder && !metadataTypes.split(' ').includes(type)) {
    const text = `Unknown type:${type}`;
    throw new SalesforceError(400, 'INVALID_TYPE', text);
  }
  const own = engine.components().filter((component) => component.type === type && inFolder(component, folder));
  const names = new Set(own.map(({ fullName }) => fullName));
  // [K]: what stands in place of id and times.
  const never = { id: '', createdAt: new Date(0), modifiedAt: new Date(0) };
  const standard = type === 'CustomObject' ? engine.objects().filter(({ kind }) => kind === 'standard') : [];
  return [
    ...own.map((component) => ({ component, type, fullName: component.fullName, fileName: pathOf(component) })),
    ...standard
      .filter(({ api }) => !names.has(api))
      .map(({ api }) => ({ component: never, type, fullName: api, fileName: pathOf({ type, fullName: api }) })),
  ];
}

const inFolder = ({ type, fullName }: Component, folder: string | undefined): boolean =>
  kinds.find((kind) => kind.type === type)?.folder === undefined || fullName.startsWith(`${folder ?? ''}/`);
