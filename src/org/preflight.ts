/** What would stop or weaken a run, found before anything is read or written. */
import type { ColumnType } from '../book/book.js';
import type { DescribedField, KamOrg } from './connect.js';
import {
  accountObject,
  currencyObject,
  datedRateObject,
  contactFields,
  contactObject,
  familyObject,
  familyRefField,
  lineObject,
  needs,
  pullsOf,
  opportunityObject,
  relationObject,
  teammateObject,
  taskObject,
  taskRefField,
  type Need,
  type OrgShape,
  type Pull,
  type Source,
  type Wants,
} from './records.js';

export type Problem = { severity: 'stops' | 'loses'; what: string; remedy: string };

const deploy = 'Deploy the package: sf project deploy start --source-dir force-app/main, then force-app/seed once.';
const assign = 'Assign the permission set: sf org assign permset --name KAM_Integration.';

/** What records are told apart by. */
const refs = [
  { object: taskObject, field: taskRefField, what: 'review tasks' },
  { object: familyObject, field: familyRefField, what: 'potentials' },
];

/**
 * Compares what the job needs with what this user sees.
 *
 * Shape: problems in order of the objects. A field that the user may not read does not exist for him, so a missing
 *        field names both remedies. Products are a loss where they are missing, not a failure.
 */
export async function preflight(org: KamOrg): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const need of needs) problems.push(...(await problemsWith(org, need)));
  const account = await org.describe(accountObject);
  if (account?.fields.has('CurrencyIsoCode') === true && (await org.describe(currencyObject)) === null) {
    problems.push({
      severity: 'stops',
      what: `The org keeps amounts in several currencies, and their rates (${currencyObject}) can't be read.`,
      remedy: 'Give the user “View Setup and Configuration”.',
    });
  }
  for (const { object, field, what } of refs) {
    const ref = (await org.describe(object))?.fields.get(field);
    if (ref === undefined || (ref.unique && ref.externalId)) continue;
    problems.push({
      severity: 'stops',
      what: `${object}.${field} is not a unique external id; ${what} could come twice.`,
      remedy: deploy,
    });
  }
  return problems;
}

async function problemsWith(org: KamOrg, need: Need): Promise<Problem[]> {
  const object = await org.describe(need.object);
  const severity = need.loss === null ? 'stops' : 'loses';
  if (object === null) {
    return [
      {
        severity,
        what:
          need.loss === null
            ? `${need.label} (${need.object}) does not exist for this user.`
            : `${need.label} (${need.object}) can't be read: ${need.loss}`,
        remedy: need.object.startsWith('KAM_') ? `${deploy} ${assign}` : assign,
      },
    ];
  }
  const unread = need.reads.filter((name) => !object.fields.has(name));
  const unwritten = need.writes.filter(
    (name) => object.fields.get(name)?.updateable !== true && object.fields.has(name),
  );
  const list = (names: readonly string[]): string => names.join(', ');
  return [
    ...(unread.length === 0
      ? []
      : [
          {
            severity,
            what: `${need.label}: ${list(unread)} missing or not readable${need.loss === null ? '.' : `: ${need.loss}`}`,
            remedy: `${deploy} ${assign}`,
          } as const,
        ]),
    ...(unwritten.length === 0
      ? []
      : [
          {
            severity,
            what: `${need.label}: ${list(unwritten)} not editable by ${org.username}.`,
            remedy: assign,
          } as const,
        ]),
  ];
}

/**
 * Looks at every field that a pull would read: is it there, of a type that can be read as what we take it for, and no
 * formula or roll-up? Those change without the record's time stamp moving, so that a night would not see it.
 */
export async function sourceProblems(org: KamOrg, wants: Wants): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const pull of pullsOf(await shapeOf(org), wants).filter(({ isThere }) => isThere)) {
    for (const source of pull.sources) {
      const { object, field } = await placeOf(org, pull, source);
      const what = flawOf((await org.describe(object))?.fields.get(field), source.type);
      if (what === null) continue;
      problems.push({ severity: 'stops', what: `${object}.${field} ${what}.`, remedy: `${deploy} ${assign}` });
    }
  }
  return problems;
}

/** `Product2.Family` of a line is a field of what its `Product2Id` points to. */
async function placeOf(org: KamOrg, { object }: Pull, { path }: Source): Promise<{ object: string; field: string }> {
  const [head = '', field] = path.split('.');
  if (field === undefined) return { object, field: head };
  const lookup = head.endsWith('__r') ? head.replace(/__r$/, '__c') : `${head}Id`;
  const [parent] = (await org.describe(object))?.fields.get(lookup)?.referenceTo ?? [];
  return { object: parent ?? head, field };
}

function flawOf(field: DescribedField | undefined, type: ColumnType): string | null {
  if (field === undefined) return 'is missing or not readable';
  if (field.calculated && field.name.endsWith('__c')) {
    return 'is a formula or roll-up, which changes without a trace on its record; expected a plain field';
  }
  if (fits[type].includes(field.type)) return null;
  return `is of type ${field.type}; expected ${fits[type].slice(0, 2).join(' or ')}`;
}

/** The types of describe that can be read as one of ours. */
const fits: Record<ColumnType, readonly string[]> = {
  id: ['id', 'reference', 'string'],
  text: ['string', 'picklist', 'textarea', 'multipicklist', 'combobox', 'email', 'phone', 'url', 'id', 'reference'],
  number: ['double', 'int', 'long', 'percent', 'currency'],
  integer: ['int', 'double', 'long'],
  money: ['currency', 'double', 'int', 'long'],
  date: ['date'],
  datetime: ['datetime'],
  boolean: ['boolean'],
};

/** What the org has beyond the least, as far as queries depend on it. */
export async function shapeOf(org: KamOrg): Promise<OrgShape> {
  const [account, line] = [await org.describe(accountObject), await org.describe(lineObject)];
  const hasCurrencies = account?.fields.has('CurrencyIsoCode') === true;
  const opportunity = await org.describe(opportunityObject);
  const contact = await org.describe(contactObject);
  return {
    hasPersonAccounts: account?.fields.has('IsPersonAccount') === true,
    hasCurrencies,
    hasDatedRates: hasCurrencies && (await org.describe(datedRateObject)) !== null,
    hasLines: line?.fields.has('TotalPrice') === true && line.fields.has('Product2Id'),
    hasContacts: contact !== null && contactFields.every((field) => contact.fields.has(field)),
    hasRelations: (await org.describe(relationObject)) !== null,
    hasTeams: (await org.describe(teammateObject)) !== null,
    opportunityFlags: [...(opportunity?.fields.values() ?? [])]
      .filter(({ type }) => type === 'boolean')
      .map(({ name }) => name),
  };
}
