/** Settings as an admin might change them: entered by key, checked as they would be when read, and written for deployment. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Messages } from '@salesforce/core';
import isEqual from 'lodash/isEqual.js';
import { nearest } from '../kam/nearest.js';
import { parseSettings, settingKeys, type SettingKey, type Settings } from '../kam/settings.js';
import { recordFileName, recordXml } from '../schema/recordXml.js';
import {
  familyRecord,
  familyType,
  isPercent,
  metadataType,
  placeOf,
  problemText,
  rawSettings,
  type MetadataRecord,
} from './records.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

const WRONG_USAGE = 2;

/** A setting's key, and its value as an admin enters it in Setup; empty text clears the field. */
export type Entry = { key: string; text: string };

/** One setting before and after, as it reads in Setup. */
export type SettingChange = { key: string; before: string; after: string };

export type ChangedSettings = { settings: Settings; records: MetadataRecord[]; changes: SettingChange[] };

/** `score.threshold=65` as key and text; the value may hold further signs of equality. */
export function entryIn(text: string): Entry {
  const at = text.indexOf('=');
  if (at <= 0) throw messages.createError('error.NotAnEntry', [text], [], WRONG_USAGE);
  return { key: text.slice(0, at).trim(), text: text.slice(at + 1).trim() };
}

/**
 * Settings and records as they would be with these entries.
 *
 * Shape:  a family's setting is entered as `families.<family>.<setting>`; a family without a record is given one.
 * Errors: `UnknownSettingError`, `UnknownFamilyError` and `SetTwiceError` name what was entered and what comes near;
 *         `CannotBeSetError` lists every problem in the words of `sf kam check`.
 */
export function withEntries(
  records: readonly MetadataRecord[],
  entries: readonly Entry[],
  families: readonly string[],
): ChangedSettings {
  const twice = entries.find(({ key }, index) => entries.findIndex((other) => other.key === key) !== index);
  if (twice !== undefined) throw messages.createError('error.SetTwice', [twice.key], [], WRONG_USAGE);
  const changed = entries.reduce<{ records: MetadataRecord[]; changes: SettingChange[]; problems: string[] }>(
    (sum, entry) => {
      const place = placeIn(sum.records, entry, families);
      const value = storedValue(place.key, entry.text);
      const record = { ...place.record, values: { ...place.record.values, [place.field]: value } };
      const all = [...sum.records.filter((each) => !isSame(each, record)), record].toSorted(byName);
      const change = {
        key: entry.key,
        before: shown(place.key, place.record.values[place.field]),
        after: shown(place.key, value),
      };
      return {
        records: all,
        changes: [...sum.changes, change],
        problems: [...sum.problems, ...fieldProblems(place, value)],
      };
    },
    { records: [...records], changes: [], problems: [] },
  );
  if (changed.problems.length > 0) throw cannotBeSet(changed.problems);
  const parsed = parseSettings(rawSettings(changed.records));
  if ('problems' in parsed) throw cannotBeSet(parsed.problems.map((problem) => problemText(problem, changed.records)));
  return { settings: parsed.settings, records: changed.records, changes: changed.changes };
}

const cannotBeSet = (lines: readonly string[]): Error =>
  messages.createError('error.CannotBeSet', [lines.map((line) => `  ${line}`).join('\n')], [], WRONG_USAGE);

const isSame = (a: MetadataRecord, b: MetadataRecord): boolean =>
  a.type === b.type && a.developerName === b.developerName;

const byName = (a: MetadataRecord, b: MetadataRecord): number =>
  `${a.type} ${a.developerName}` < `${b.type} ${b.developerName}` ? -1 : 1;

type Place = { key: SettingKey; record: MetadataRecord; field: string };

function placeIn(records: readonly MetadataRecord[], { key }: Entry, families: readonly string[]): Place {
  const found = settingKeys().find((each) => each.key === key && !key.startsWith('families.'));
  if (found === undefined) return familyPlace(records, key, families);
  const { type, developerName, field } = placeOf(key);
  const record = records.find((each) => each.type === type && each.developerName === developerName);
  if (record !== undefined) return { key: found, record, field };
  throw messages.createError(
    'error.RecordMissing',
    [key, `${type.replace('__mdt', '')}.${developerName}`],
    [],
    WRONG_USAGE,
  );
}

function familyPlace(records: readonly MetadataRecord[], key: string, families: readonly string[]): Place {
  const [, family = '', name = ''] = /^families\.(.+)\.(\w+)$/.exec(key) ?? [];
  const found = settingKeys().find((each) => family !== '' && each.key === `families.${name}`);
  if (found === undefined || name === 'family') {
    const keys = settingKeys().map((each) => each.key);
    const near = nearest(key, keys).map((each) => each.replace(/^families\./, 'families.<family>.'));
    throw messages.createError('error.UnknownSetting', [key, nearText(near)], [], WRONG_USAGE);
  }
  const same = (other: unknown): boolean => String(other).trim().toLowerCase() === family.trim().toLowerCase();
  const nameField = placeOf('families.family').field;
  const familyRecords = records.filter(({ type }) => type === familyType);
  const record = familyRecords.find(({ values }) => same(values[nameField]));
  const { field } = placeOf(found.key);
  if (record !== undefined) return { key: found, record, field };
  const spelled = families.find(same);
  if (spelled === undefined) {
    throw messages.createError('error.UnknownFamily', [family, nearText(nearest(family, families))], [], WRONG_USAGE);
  }
  return { key: found, record: familyRecord(freeName(spelled, familyRecords), spelled), field };
}

const nearText = (near: readonly string[]): string => (near.length === 0 ? '' : ` Near it: ${near.join(', ')}.`);

/** A record name that the platform takes: letters, digits and single underscores, and none that is taken. */
function freeName(family: string, taken: readonly MetadataRecord[]): string {
  const plain = family.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '');
  const name = (/^[A-Za-z]/.test(plain) ? plain : `Family_${plain}`).slice(0, 36).replace(/_+$/, '');
  const isFree = (wanted: string): boolean =>
    taken.every(({ developerName }) => developerName.toLowerCase() !== wanted.toLowerCase());
  for (let number = 1; ; number += 1) {
    const wanted = number === 1 ? name : `${name}_${number}`;
    if (isFree(wanted)) return wanted;
  }
}

/** Text as the org would store it; what can't be stored stays text, so that the check says what was expected. */
function storedValue(key: SettingKey, entered: string): unknown {
  if (entered === '') return null;
  switch (key.kind) {
    case 'flag':
      if (/^(true|yes)$/i.test(entered)) return true;
      return /^(false|no)$/i.test(entered) ? false : entered;
    case 'fraction':
    case 'money':
    case 'points':
    case 'count':
    case 'anchor': {
      const bare = isPercent(key) ? entered.replace(/\s*%$/, '') : entered;
      return /^-?\d+(\.\d+)?$/.test(bare) ? Number(bare) : entered;
    }
    case 'choice':
    case 'text':
      return entered;
  }
}

/** What the field itself can't hold, though the setting's range could. */
function fieldProblems({ key, record, field }: Place, value: unknown): string[] {
  const fields: Readonly<Record<string, { type: string; scale?: number }>> = metadataType(record.type).fields;
  const scale = fields[field]?.scale ?? 0;
  if (typeof value !== 'number' || Number(value.toFixed(scale)) === value) return [];
  const [head = '', ...rest] = key.key.split('.');
  const path = head === 'families' ? [head, 0, ...rest] : [head, ...rest];
  const expected = ['a whole number', 'at most one decimal', 'at most two decimals'][scale] ?? 'fewer decimals';
  const entered = { ...record, values: { ...record.values, [field]: value } };
  return [problemText({ path, value, expected }, [entered])];
}

function shown(key: SettingKey, value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  return isPercent(key) ? `${String(value)} %` : String(value);
}

/**
 * Writes the records that differ as source files below `dir`, and returns their paths.
 *
 * Errors: `FolderNotEmptyError`: what an earlier run or someone else left there would be deployed along.
 */
export function writeRecords(
  dir: string,
  before: readonly MetadataRecord[],
  after: readonly MetadataRecord[],
): string[] {
  const changed = after.filter(
    (record) =>
      !isEqual(
        record,
        before.find((each) => isSame(each, record)),
      ),
  );
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw messages.createError('error.FolderNotEmpty', [dir], [], WRONG_USAGE);
  }
  if (changed.length === 0) return [];
  const folder = join(dir, 'customMetadata');
  mkdirSync(folder, { recursive: true });
  return changed.map(({ type: api, developerName, values }) => {
    const type = metadataType(api);
    const file = join(folder, recordFileName(type, developerName));
    writeFileSync(file, recordXml(type, String(values['MasterLabel']), values));
    return file;
  });
}
