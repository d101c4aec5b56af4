/** Reads the settings, and refuses those that can't be meant. */
import { Messages } from '@salesforce/core';
import { parseSettings, type Settings } from '../kam/settings.js';
import type { Benefit } from '../kam/sheet.js';
import type { RecordId } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { PREFLIGHT_FAILED } from './exitCodes.js';
import { queryAll } from './query.js';
import {
  accountObject,
  activeUserQuery,
  benefitFields,
  benefitObject,
  benefitQuery,
  benefitsIn,
  costFieldIn,
  lineObject,
  metadataQueries,
  inactiveUsersQuery,
  opportunityObject,
  ownOwners,
  problemText,
  productObject,
  rawSettings,
  serviceObjects,
  userObject,
  type MetadataRecord,
} from './records.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

/**
 * Reads and checks all settings.
 *
 * Errors: `SettingsMissingError`; `SettingsInvalidError` listing every problem with record, field and value.
 */
export async function readSettings(org: KamOrg): Promise<Settings> {
  return (await readSettingRecords(org)).settings;
}

/** All settings, checked as by `readSettings`, with the records that they stand in. */
export async function readSettingRecords(org: KamOrg): Promise<{ settings: Settings; records: MetadataRecord[] }> {
  const records: MetadataRecord[] = [];
  for (const { type, soql } of metadataQueries) {
    for (const record of await queryAll(org, soql)) {
      records.push({ type, developerName: String(record['DeveloperName']), values: record });
    }
  }
  records.sort((a, b) => (`${a.type} ${a.developerName}` < `${b.type} ${b.developerName}` ? -1 : 1));
  if (!records.some(({ type, developerName }) => type === metadataQueries[0]?.type && developerName === 'Default')) {
    throw messages.createError('error.SettingsMissing', [], [], PREFLIGHT_FAILED);
  }
  const parsed = parseSettings(rawSettings(records));
  if ('settings' in parsed) {
    await refuseUnknownNames(org, parsed.settings, records);
    return { settings: parsed.settings, records };
  }
  throw invalid(parsed.problems.map((problem) => problemText(problem, records)));
}

const invalid = (lines: readonly string[]): Error =>
  messages.createError(
    'error.SettingsInvalid',
    [lines.length === 1 ? 'One' : String(lines.length), lines.map((line) => `  ${line}`).join('\n')],
    [],
    PREFLIGHT_FAILED,
  );

/**
 * What the settings name must be there: fields plain, because a formula changes without the record's time stamp moving,
 * and objects that a rate asks for readable, because what is not seen would count as nothing.
 */
async function refuseUnknownNames(org: KamOrg, settings: Settings, records: readonly MetadataRecord[]): Promise<void> {
  const { source, margin, service, tasks, project } = settings;
  const fields = [
    { object: opportunityObject, path: ['source', 'opportunityFamilyField'], name: source.opportunityFamilyField },
    { object: opportunityObject, path: ['project', 'opportunityField'], name: project.opportunityField },
    ...(margin.source === 'line'
      ? [{ object: lineObject, path: ['margin', 'lineCostField'], name: costFieldIn(margin) }]
      : []),
    ...(margin.source === 'product'
      ? [{ object: productObject, path: ['margin', 'productCostField'], name: margin.productCostField ?? '' }]
      : []),
  ];
  const problems: string[] = [];
  const refuse = (path: string[], value: unknown, expected: string): void => {
    problems.push(problemText({ path, value, expected }, records));
  };
  for (const { object, path, name } of fields) {
    if (name === null) continue;
    const field = (await org.describe(object))?.fields.get(name);
    if (field === undefined) refuse(path, name, `a field of ${object} that this user can read`);
    else if (field.calculated) refuse(path, name, 'a field that is no formula');
  }
  const rates = [
    { path: 'visitCost', kind: 'visit', rate: service.visitCost },
    { path: 'callCost', kind: 'call', rate: service.callCost },
    { path: 'caseCost', kind: 'case', rate: service.caseCost },
  ] as const;
  for (const { path, kind, rate } of rates) {
    if (rate === null || (await org.describe(serviceObjects[kind])) !== null) continue;
    refuse(['service', path], rate, `nothing, as this user can't read ${serviceObjects[kind]}`);
  }
  if (tasks.ownerField !== null) {
    const field = (await org.describe(accountObject))?.fields.get(tasks.ownerField);
    if (field?.referenceTo.includes(userObject) !== true || ownOwners.includes(tasks.ownerField)) {
      const expected =
        'an account field that looks up a user and that this user can read, other than owner and key account manager';
      refuse(['tasks', 'ownerField'], tasks.ownerField, expected);
    }
  }
  if (tasks.fallbackOwner !== null && (await activeUser(org, tasks.fallbackOwner)) === null)
    refuse(['tasks', 'fallbackOwner'], tasks.fallbackOwner, 'the username of an active user');
  if (problems.length > 0) throw invalid(problems);
}

/** What key accounts get; nothing where this user can't read the catalogue, which the preflight names. */
export async function readBenefits(org: KamOrg): Promise<Benefit[]> {
  const catalogue = await org.describe(benefitObject);
  const isReadable = catalogue !== null && benefitFields.every((field) => catalogue.fields.has(field));
  return isReadable ? benefitsIn(await queryAll(org, benefitQuery)) : [];
}

/** Everybody who has left: what they should own goes to somebody else. */
export const inactiveUsers = async (org: KamOrg): Promise<ReadonlySet<RecordId>> =>
  new Set((await queryAll(org, inactiveUsersQuery)).map((user) => String(user['Id'])));

/** The id of the active user with this username; null where there is none. */
export async function activeUser(org: KamOrg, username: string): Promise<RecordId | null> {
  const [user] = await queryAll(org, activeUserQuery(username));
  return user === undefined ? null : String(user['Id']);
}
