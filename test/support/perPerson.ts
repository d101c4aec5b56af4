/** What would make a figure per employee, found in metadata, code and texts; each finding in words. */
import { XMLParser } from 'fast-xml-parser';

/** Words for the people on our side, in both languages. `owner` of a product family is none, so whole names are excepted below. */
const people =
  /\b(owners?|managers?|users?|employees?|sellers?|sales ?(?:people|persons?|reps?)|reps?|colleagues?|Mitarbeiter(?:in|innen|s)?|Besitzer(?:s)?|Verkäufer(?:in|s)?|Betreuer(?:in|s)?|Benutzer(?:s)?)\b/i;

/** Words that only a figure about people is described with. */
const perPerson = new RegExp(
  `\\b(?:per|by each|of each|for each|pro|je|jede[mnrs]?)\\s+(?:account |key account |Account-)?${people.source}|\\bleader ?boards?\\b|\\b(?:rank(?:s|ed|ing)?|compar(?:es?|ed|ing)|count(?:s|ed|ing)?) (?:of )?(?:the )?${people.source}|\\bRangliste\\b`,
  'i',
);

/** Fields through which a record leads to a person on our side. */
export const personPath =
  /\b(?:Owner(?:Id)?|CreatedBy(?:Id)?|LastModifiedBy(?:Id)?|KAM_Manager__[cr]|Our_Owner__[cr]|UserId|Manager(?:Id)?|\$User)\b/;

/** A person in a report's columns, by the names that reports use. */
const personColumn =
  /(?:^|[.$_])(?:OWNER(?:S?_?(?:FULL_?NAME|NAME|ID|ALIAS|ROLE|MANAGER))?|FULL_?NAME|SALES\.?PERSON|USERS?(?:[._]\w+)?|CREATED(?:_?BY)?(?:_\w+)?|LAST_?UPDATE_?BY(?:_\w+)?|ASSIGNED|KAM_Manager__[cr](?:\.\w+)?|Our_Owner__[cr](?:\.\w+)?|MANAGER)$|^(?:Owner|CreatedBy|LastModifiedBy)(?:\.|Id$|$)/i;

/** What a person is given at most, the same for everybody: limits, never counts. */
const limits = new Set([
  'KAM_Review_Rule__mdt/fields/Cap_Per_Owner__c',
  'KAM_Settings__mdt/fields/Capacity_Per_Manager__c',
]);

/** The lookups to people that the package has; another one must be looked at before it is let in here. */
const namedPeople = new Set(['Account/fields/KAM_Manager__c', 'KAM_Commitment__c/fields/Our_Owner__c']);

const numeric = new Set(['Number', 'Currency', 'Percent', 'Summary', 'Time']);

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false });

/** Findings in one file of the package. */
export function metadataFindings(path: string, xml: string): string[] {
  const place = path.replace(/^.*?objects\//, '').replace(/\.\w+-meta\.xml$/, '');
  const root: unknown = parser.parse(xml);
  const texts = leaves(root);
  const said = limits.has(place)
    ? []
    : texts.filter(({ text }) => perPerson.test(text)).map(({ text }) => `says “${perPerson.exec(text)?.[0] ?? ''}”`);
  const findings = [
    ...said,
    ...(/\.field-meta\.xml$/.test(path) ? fieldFindings(place, texts) : []),
    ...(/\.(?:report|dashboard|reportType)-meta\.xml$/.test(path) ? reportFindings(texts) : []),
    ...(/\.flexipage-meta\.xml$/.test(path) ? pageFindings(texts) : []),
  ];
  return findings.map((finding) => `${path}: ${finding}`);
}

function fieldFindings(place: string, texts: readonly Leaf[]): string[] {
  const one = (name: string): string => texts.find((leaf) => leaf.name === name)?.text ?? '';
  const type = one('type');
  return [
    ...(place.startsWith('User/') ? ['is a field on User'] : []),
    ...(one('referenceTo') === 'User' && !namedPeople.has(place) ? ['leads to a person'] : []),
    ...(one('referenceTo') === 'User' && type === 'MasterDetail' ? ['belongs to a person'] : []),
    ...(numeric.has(type) &&
    !limits.has(place) &&
    people.test(`${one('fullName').replaceAll('_', ' ')} ${one('label')}`)
      ? ['is a figure named after people']
      : []),
    ...['formula', 'summarizedField', 'summaryForeignKey', 'summaryFilterItems']
      .filter((name) => personPath.test(one(name)))
      .map((name) => `computes with a person in ${name}`),
  ];
}

/** Reports may show who owns an account; they may not group, chart or sort by it. */
function reportFindings(texts: readonly Leaf[]): string[] {
  return texts
    .filter(({ path }) => /grouping|sortColumn|rowLimit|aggregate|crossBlock|bucket/i.test(path))
    .filter(({ text }) => personColumn.test(text.split('$').at(-1) ?? text))
    .map(({ name, text }) => `puts figures under people by ${name} ${text}`);
}

/** Salesforce's own components that measure people. */
const pageFindings = (texts: readonly Leaf[]): string[] =>
  texts
    .filter(({ name }) => name === 'componentName')
    .filter(({ text }) => /performance|leaderboard|forecast|teamPipeline|topPerform/i.test(text))
    .map(({ text }) => `shows the component ${text}`);

type Leaf = { name: string; path: string; text: string };

function leaves(value: unknown, path: readonly string[] = []): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]));
  return [{ name: path.at(-1) ?? '', path: path.join('.'), text: String(value) }];
}

const personWord = /owner_?id|manager_?id|account_?owner|our_?owner|user_?id|created_?by|\bowner\b|\bmanager\b/i;

/** Sums, counts and rankings under people, in SQL, SOQL and code. */
const aggregations = [
  /\bGROUP BY\b([^;`)]*)/gi,
  /\bPARTITION BY\b([^;`)]*)/gi,
  /\bORDER BY\b([^;`)]*)/gi,
  /\b(?:groupBy|countBy|sumBy|orderBy|sortBy|minBy|maxBy|keyBy)\(([^;]*?\))/g,
];

/** Findings in one file of the source. */
export function codeFindings(path: string, text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*|--.*/g, '');
  const aggregated = aggregations.flatMap((pattern) =>
    [...code.matchAll(pattern)].filter(([, under = '']) => personWord.test(under)).map(([all]) => all),
  );
  const shown = /(?:^|\/)report\//.test(path)
    ? [...code.matchAll(/\b(?:ownerId|managerId|accountOwner|namedOwner\w*|ourOwner\w*|userId)\b/g)]
    : [];
  return [
    ...aggregated.map((all) => `${path}: puts figures under people: ${all.replaceAll(/\s+/g, ' ').trim()}`),
    ...shown.map(([name]) => `${path}: prints ${name}`),
  ];
}

/** Findings in a text that people read: somebody's name or id, or words that only a figure about people has. */
export function textFindings(where: string, text: string, names: readonly string[]): string[] {
  return [
    ...names.filter((name) => text.includes(name)).map((name) => `${where}: names ${name}`),
    ...(perPerson.test(text) ? [`${where}: says “${perPerson.exec(text)?.[0] ?? ''}”`] : []),
  ];
}
