/** What reading needs beside the tables, and how the words of picklists are read. */
import { agreementStates, commitmentTypes, declineReasons, type AgreementRules } from '../kam/agreement.js';
import { contactFunctions, contactLevels, contactRoles } from '../kam/coverage.js';
import { solutionTrusts } from '../kam/facts.js';
import { projectAreas } from '../kam/projects.js';
import type { Settings } from '../kam/settings.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import type { Labels } from './book.js';
import type { Row } from './duck.js';
import { numberOrNull, textOrNull } from './rows.js';

/** Words for labels (null: the words themselves), day, and parts of the settings. */
export type Reading = {
  labels: Labels | null;
  asOf: IsoDate;
  today: IsoDate;
  costs: Pick<Settings, 'margin' | 'service'>;
  agreement: AgreementRules;
};

export function wordOf<T>(words: Readonly<Record<string, T>>, row: Row, column: string): T | null {
  const label = textOrNull(row, column);
  return label === null || !Object.hasOwn(words, label) ? null : (words[label] ?? null);
}

/** Percent with two decimals in the CRM is a fraction with four here, the very number that rounding would give. */
export function fractionOf(row: Row, column: string): Fraction | null {
  const percent = numberOrNull(row, column);
  return percent === null ? null : Math.round(percent * 100) / 10_000;
}

const themselves = <W extends string>(words: readonly W[]): Record<string, W> =>
  Object.fromEntries(words.map((word) => [word, word]));

export const ownWords: Labels = {
  tier: { key: 'key', candidate: 'candidate', large: 'large', standard: 'standard' },
  segment: { top: 'top', development: 'development', base: 'base', small: 'small', unknown: 'unknown' },
  gate: { segment: 'segment', strategy: 'strategy', score: 'score', ask: 'ask' },
  gateResult: { passed: 'passed', failed: 'failed', open: 'open', undecided: 'undecided' },
  source: {
    model: 'model',
    peers: 'peers',
    sisterSite: 'sisterSite',
    accountTeam: 'accountTeam',
    tender: 'tender',
    customer: 'customer',
  },
  statedBy: { customer: 'customer', tender: 'tender', accountTeam: 'accountTeam' },
  servedBy: { us: 'us', competitor: 'competitor', internal: 'internal', nobody: 'nobody', unknown: 'unknown' },
  trust: themselves(solutionTrusts),
  agreementState: themselves(agreementStates),
  declineReason: themselves(declineReasons),
  commitmentType: themselves(commitmentTypes),
  side: { give: 'give', get: 'get' },
  function: themselves(contactFunctions),
  level: themselves(contactLevels),
  role: themselves(contactRoles),
  area: themselves(projectAreas),
};
