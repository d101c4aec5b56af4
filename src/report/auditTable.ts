/** An audit's findings as CSV, one row each, safe to open in a spreadsheet. */
import { stringify } from 'csv-stringify/sync';
import type { Finding } from '../kam/audit.js';
import type { Cents } from '../kam/units.js';
import { isKnown, type Unknown } from '../kam/unknown.js';
import { tierName } from '../kam/wording.js';
import { becauseTexts, kindTitles, segmentText, type Audit } from './audit.js';

const header = [
  'finding',
  'account_id',
  'group',
  'segment',
  'tier',
  'revenue',
  'additional_potential',
  'currency',
  'because',
  'labelled',
  'not_labelled',
];

/** Money with two decimals, empty where unknown. */
export function auditTable({ findings, currency }: Audit): string {
  const rows = findings.map((finding) => {
    const text = [
      kindTitles[finding.is],
      finding.groupId,
      finding.name,
      segmentText(finding),
      tierName(finding.tier, 'en'),
    ];
    const sites = [true, false].map((carries) => sitesText(finding, carries));
    return [
      ...text.map(harmless),
      amount(finding.revenue),
      amount(finding.potential),
      harmless(currency ?? ''),
      harmless(becauseTexts(finding, currency).join(' ')),
      ...sites.map(harmless),
    ];
  });
  return stringify([header, ...rows]);
}

const amount = (cents: Cents | Unknown): string => (isKnown(cents) ? (cents / 100).toFixed(2) : '');

function sitesText(finding: Finding, carries: boolean): string {
  if (finding.is !== 'labelledApart') return '';
  return finding.accounts
    .filter(({ label }) => (label !== null) === carries)
    .map(({ name, label }) => (label === null ? name : `${name} (${label})`))
    .join('; ');
}

/**
 * A text that a spreadsheet shows and never runs: an apostrophe comes before what it would read as a formula.
 *
 * Source: OWASP, “CSV Injection”: = + - @, tab and carriage return, the full-width forms, and spaces before them.
 */
export const harmless = (text: string): string => (/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text);
