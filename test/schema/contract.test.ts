/** The contract between TypeScript and XML: words, settings and rights mean the same on both sides. */
import { describe, expect, test } from 'vitest';
import { moneyCriteria, scoreCriteria, strategyCriteria } from '../../src/kam/criteria.js';
import type { Gate, GateResult, Segment, Tier } from '../../src/kam/funnel.js';
import { defaultSettings, parseSettings, reviewKinds, settingKeys, type SettingKey } from '../../src/kam/settings.js';
import { labels, workerWritten, workerWrittenOfFamilies, workerWrittenOfHistory } from '../../src/org/records.js';
import type { RunOutcome } from '../../src/report/run.js';
import { Account, KAM_Potential__c, KAM_Run__c } from '../../src/schema/generated.js';
import type { FieldDefinition } from '../../src/schema/model.js';
import { lineCostField } from '../../src/schema/options.js';
import { readSource } from '../../src/schema/source.js';
import { orgSchema } from '../../src/schema/orgSchema.js';

const dirs = ['main', 'seed'].map((name) => new URL(`../../force-app/${name}`, import.meta.url).pathname);
const { objects, records, permissionSets } = orgSchema(dirs);
const customFields = (object: string): FieldDefinition[] =>
  Object.values(objects.find(({ api }) => api === object)?.fields ?? {}).filter(({ custom }) => custom);

describe('words', () => {
  const tiers: Record<Tier, string> = {
    key: 'Key Account',
    candidate: 'Candidate',
    large: 'Large Account',
    standard: 'Standard',
  };
  const segments: Record<Segment, string> = {
    top: 'Top',
    development: 'Development',
    base: 'Base',
    small: 'Small',
    unknown: 'Unknown',
  };
  const gates: Record<Gate, string> = { segment: 'Segment', strategy: 'Strategy', score: 'Score', ask: 'Ask' };
  const results: Record<GateResult, string> = {
    passed: 'Passed',
    failed: 'Failed',
    open: 'Open',
    undecided: 'Undecided',
  };

  test.each([
    ['KAM_Tier__c', tiers],
    ['KAM_Override_Tier__c', tiers],
    ['KAM_Segment__c', segments],
    ['KAM_Gate__c', gates],
    ['KAM_Gate_Result__c', results],
  ] as const)('%s has a value for each of our words and no other', (field, words) => {
    expect(Account.fields[field].values).toEqual(Object.values(words));
    expect(customFields('Account').find(({ api }) => api === field)?.restricted).toBe(true);
  });

  test.each([
    ['Source__c', labels.source],
    ['Stated_Source__c', labels.statedBy],
    ['Served_By__c', labels.servedBy],
  ] as const)('%s of a potential has a value for each of our words and no other', (field, words) => {
    expect([...KAM_Potential__c.fields[field].values].toSorted()).toEqual(Object.keys(words).toSorted());
  });

  test('a run has a status for each way in which it can end, and for those that it cannot report itself', () => {
    const outcomes: Record<Exclude<RunOutcome['is'], 'planned'>, string> = {
      done: 'Done',
      nothingToDo: 'Done',
      refused: 'Refused',
      tooMany: 'Refused',
      partial: 'Partial',
    };
    const statuses = [...new Set(Object.values(outcomes)), 'Running', 'Failed', 'Stopped'];
    expect([...KAM_Run__c.fields.Status__c.values].toSorted()).toEqual(statuses.toSorted());
  });
});

/** `segment.minimumRevenue` is `Segment_Minimum_Revenue`. */
const words = (path: readonly string[]): string =>
  path
    .flatMap((key) => key.split(/(?=[A-Z])/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('_');

/** Where a setting stands: type, record (null for families: one per family) and field. */
function placeOf(key: string): { type: string; record: string | null; field: string } {
  const [first = '', second = '', ...rest] = key.split('.');
  switch (first) {
    case 'criterion':
      return { type: 'KAM_Criterion__mdt', record: words([second]), field: `${words(rest)}__c` };
    case 'review':
      return { type: 'KAM_Review_Rule__mdt', record: words([second]), field: `${words(rest)}__c` };
    case 'families':
      return { type: 'KAM_Family__mdt', record: null, field: `${words([second])}__c` };
    default:
      return { type: 'KAM_Settings__mdt', record: 'Default', field: `${words(key.split('.'))}__c` };
  }
}

/** What a setting of this kind is in metadata. */
function expectedShape({ key, kind, choices }: SettingKey): Partial<FieldDefinition> {
  switch (kind) {
    case 'fraction':
      return { type: 'Percent', precision: 5, scale: 2 };
    case 'money':
      return { type: 'Number', precision: 16, scale: 2 };
    case 'points':
      return { type: 'Number', precision: 6, scale: 2 };
    case 'count':
      return { type: 'Number', precision: 9, scale: 0 };
    case 'anchor':
      return { type: 'Number', precision: 18, scale: 2 };
    case 'flag':
      return { type: 'Checkbox' };
    case 'text':
      return { type: 'Text', length: key === 'currency' ? 3 : 255 };
    case 'choice':
      return {
        type: 'Picklist',
        restricted: true,
        values: choices.map((choice) => expect.objectContaining({ api: outside(key, choice) })),
      };
  }
}

/** Languages stand as they are; other words are capitalised. */
const outside = (key: string, choice: string): string => (key === 'language' ? choice : words([choice]));

const keys = settingKeys();

describe('settings', () => {
  test.each(keys.map((key) => [key.key, key] as const))('%s is a metadata field of the right type', (name, key) => {
    const { type, field } = placeOf(name);
    expect(customFields(type).find(({ api }) => api === field)).toMatchObject(expectedShape(key));
  });

  test.each(['KAM_Settings__mdt', 'KAM_Criterion__mdt', 'KAM_Review_Rule__mdt', 'KAM_Family__mdt'])(
    '%s has no field that nothing reads',
    (type) => {
      const read = new Set(
        keys.map(({ key }) => placeOf(key)).flatMap((place) => (place.type === type ? [place.field] : [])),
      );
      const informing = type === 'KAM_Criterion__mdt' ? ['Gate__c'] : [];
      expect(
        customFields(type)
          .map(({ api }) => api)
          .toSorted(),
      ).toEqual([...read, ...informing].toSorted());
    },
  );

  test('a flag starts as its default says', () => {
    for (const { key, default: value } of keys.filter(({ kind }) => kind === 'flag')) {
      const { type, field } = placeOf(key);
      expect(customFields(type).find(({ api }) => api === field)?.defaultValue, key).toBe(String(value ?? true));
    }
  });

  test('there is a record for each criterion, naming its gate, and for each kind of review', () => {
    const gates = [
      ...strategyCriteria.map((name) => [words([name]), 'Strategy']),
      ...scoreCriteria.map((name) => [words([name]), 'Score']),
    ];
    const seeded = records.filter(({ type }) => type === 'KAM_Criterion__mdt');
    expect(Object.fromEntries(seeded.map(({ developerName, values }) => [developerName, values['Gate__c']]))).toEqual(
      Object.fromEntries(gates),
    );
    const rules = records.filter(({ type }) => type === 'KAM_Review_Rule__mdt');
    expect(rules.map(({ developerName }) => developerName).toSorted()).toEqual(
      reviewKinds.map((kind) => words([kind])).toSorted(),
    );
  });

  test('the seeded records, read as an admin has them, are the defaults', () => {
    const raw = seeded();
    expect(parseSettings(raw)).toEqual({ settings: defaultSettings() });
  });

  test('the seeded records leave nothing to the defaults that has one', () => {
    const left = keys
      .filter(({ key, default: value }) => placeOf(key).record !== null && value !== null && seededValue(key) === null)
      .map(({ key }) => key);
    expect(left).toEqual([]);
  });
});

function seededValue(key: string): string | number | boolean | null {
  const { type, record, field } = placeOf(key);
  const found = records.find((one) => one.type === type && one.developerName === record);
  return found?.values[field] ?? null;
}

/** Metadata values as settings: percent becomes fractions, words become ours. */
function seeded(): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const { key, kind, choices } of keys.filter((one) => placeOf(one.key).record !== null)) {
    const value = seededValue(key);
    const inPercent =
      kind === 'fraction' || (kind === 'anchor' && !moneyCriteria.some((name) => key.startsWith(`criterion.${name}.`)));
    if (value === null) continue;
    const inside = choices.find((choice) => outside(key, choice) === value) ?? value;
    set(raw, key.split('.'), inPercent && typeof value === 'number' ? value / 100 : inside);
  }
  return raw;
}

function set(target: Record<string, unknown>, [first = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner: Record<string, unknown> = { ...(typeof target[first] === 'object' ? target[first] : {}) };
  set(inner, rest, value);
  target[first] = inner;
}

describe('the permission set of the worker', () => {
  const set = permissionSets.find(({ api }) => api === 'KAM_Integration');
  const kamFields = customFields('Account').map(({ api }) => api);
  const mayEdit = (object: string): string[] =>
    Object.entries(set?.fields ?? {})
      .filter(([name, { editable }]) => editable && name.startsWith(`${object}.`))
      .map(([name]) => name.slice(object.length + 1));

  test('reads every KAM field of an account', () => {
    expect(kamFields.filter((api) => set?.fields[`Account.${api}`]?.readable !== true)).toEqual([]);
  });

  test('edits exactly the account fields that the worker writes, and none that belongs to people', () => {
    expect(mayEdit('Account').toSorted()).toEqual([...workerWritten].toSorted());
    expect(kamFields.length - workerWritten.length).toBe(11);
  });

  test('edits the ref of a task, on Task and Event alike, and every field of a run', () => {
    expect(mayEdit('Task')).toContain('KAM_Task_Ref__c');
    expect(mayEdit('Event')).toEqual(['KAM_Task_Ref__c']);
    expect(mayEdit('KAM_Run__c').toSorted()).toEqual(
      customFields('KAM_Run__c')
        .map(({ api }) => api)
        .toSorted(),
    );
  });

  test('edits exactly the fields of a potential that it writes, and none that belongs to people', () => {
    expect(mayEdit('KAM_Potential__c').toSorted()).toEqual([...workerWrittenOfFamilies].toSorted());
    expect(set?.objects['KAM_Potential__c']).toMatchObject({ read: true, create: true, edit: true, viewAll: true });
  });

  test('writes every field of a row of history, and deletes rows whose time is over', () => {
    expect(mayEdit('KAM_Assessment__c').toSorted()).toEqual([...workerWrittenOfHistory].toSorted());
    expect(set?.objects['KAM_Assessment__c']).toMatchObject({ create: true, edit: true, delete: true, viewAll: true });
  });

  test('reads what was agreed with customers, and writes none of it', () => {
    for (const object of ['KAM_Agreement__c', 'KAM_Commitment__c']) {
      expect(mayEdit(object)).toEqual([]);
      expect(set?.objects[object]).toMatchObject({ read: true, create: false, edit: false, viewAll: true });
    }
  });

  test('edits nothing else', () => {
    expect(mayEdit('Opportunity')).toEqual([]);
    expect(mayEdit('OpportunityLineItem')).toEqual([]);
    expect(mayEdit('Product2')).toEqual([]);
  });

  test('grants the least: no create or delete of accounts, no delete of anything but history, nothing on all data', () => {
    expect(set?.objects['Account']).toEqual({
      read: true,
      create: false,
      edit: true,
      delete: false,
      viewAll: true,
      modifyAll: false,
    });
    expect(set?.objects['KAM_Run__c']).toMatchObject({ read: true, create: true, edit: true });
    for (const [object, may] of Object.entries(set?.objects ?? {}))
      expect(may).toMatchObject({ delete: object === 'KAM_Assessment__c', modifyAll: false });
    expect(set?.userPermissions).toEqual(['ActivitiesAccess', 'ApiEnabled', 'EditTask']);
  });

  test('reads every metadata type', () => {
    const types = objects.filter(({ kind }) => kind === 'customMetadata').map(({ api }) => api);
    expect(set?.customMetadata.toSorted()).toEqual(types.toSorted());
  });
});

test('the cost of a line is read from the field that the package offers, unless the admin names another', () => {
  const { extensions } = readSource([new URL('../../force-app/options/line-cost', import.meta.url).pathname]);
  const field = extensions['OpportunityLineItem']?.find(({ api }) => api === lineCostField);
  expect(field).toMatchObject({ type: 'Currency', precision: 18, scale: 2 });
});

describe('the permission set of people', () => {
  const set = permissionSets.find(({ api }) => api === 'KAM_User');
  const mayEdit = (object: string): string[] =>
    customFields(object).flatMap(({ api }) => (set?.fields[`${object}.${api}`]?.editable === true ? [api] : []));

  test('edits every field that the worker does not write, and the family of a record that they create', () => {
    const fields = (object: string): string[] => customFields(object).map(({ api }) => api);
    expect(mayEdit('Account')).toEqual(fields('Account').filter((api) => !workerWritten.includes(api)));
    expect(mayEdit('KAM_Potential__c')).toEqual(
      fields('KAM_Potential__c').filter(
        (api) => api === 'Family__c' || (api !== 'Account__c' && !workerWrittenOfFamilies.includes(api)),
      ),
    );
  });

  test('reads all of it, edits all but history, and deletes nothing', () => {
    for (const object of [
      'Account',
      'KAM_Potential__c',
      'KAM_Agreement__c',
      'KAM_Commitment__c',
      'KAM_Assessment__c',
    ]) {
      const unread = customFields(object).filter(
        ({ api, type, required }) =>
          type !== 'MasterDetail' && !required && set?.fields[`${object}.${api}`]?.readable !== true,
      );
      expect(unread).toEqual([]);
    }
    for (const [object, may] of Object.entries(set?.objects ?? {})) {
      const edit = object !== 'KAM_Assessment__c';
      expect(may).toMatchObject({ read: true, edit, delete: false, viewAll: false, modifyAll: false });
    }
  });
});
