/** An audit as one HTML file: the segments with today's labels in them, and every finding with its reasons. */
import { auditKinds, type AuditKind, type Finding } from '../kam/audit.js';
import type { Cents } from '../kam/units.js';
import { isKnown, type Unknown } from '../kam/unknown.js';
import {
  becauseTexts,
  headTexts,
  kindMeanings,
  kindTitles,
  segmentText,
  totalCells,
  workTexts,
  type Audit,
} from './audit.js';
import { escaped, page } from './page.js';
import { openPlots, type SegmentSeries } from './plots.js';
import { money } from './terminal.js';

/** One group in the picture. */
export type Dot = {
  name: string;
  revenue: Cents | Unknown;
  potential: Cents | Unknown;
  isLabelled: boolean;
  isHidden: boolean;
  isFalse: boolean;
};

export async function auditPage(audit: Audit, dots: readonly Dot[], version: string): Promise<string> {
  const plots = await openPlots();
  const series = seriesOf(dots);
  const svg = plots.segments(series, audit.lines, audit.currency);
  const body = [
    ...headTexts(audit).map((text) => `<p>${escaped(text)}</p>`),
    `<section>${totalsTable(audit)}<figure class="wide"><figcaption>Groups by revenue and additional potential</figcaption>${svg}</figure>`,
    ...pictureTexts(dots, series).map((text) => `<p>${escaped(text)}</p>`),
    '</section>',
    ...auditKinds.map((kind) => sectionOf(kind, audit)),
    '<h2>How to read this</h2>',
    ...workTexts(audit).map((text) => `<p>${escaped(text)}</p>`),
    '<p>A group may stand under two findings; sums are never taken over findings. Money is per year; what is unknown is in no sum.</p>',
  ];
  return page('Key account labels against the funnel', body.join('\n'), version);
}

/** How many groups without a label are drawn; the labelled and the hidden ones always are. */
const DRAWN = 500;

type Place = { revenue: Cents; potential: Cents };

function seriesOf(dots: readonly Dot[]): SegmentSeries[] {
  const placed = dots.flatMap((dot) => {
    const { revenue, potential } = dot;
    return isKnown(potential) ? [{ ...dot, revenue: isKnown(revenue) ? revenue : 0, potential }] : [];
  });
  const largest = (list: readonly Place[]): Place[] =>
    list.toSorted((a, b) => b.revenue + b.potential - a.revenue - a.potential).slice(0, DRAWN);
  const plain = placed.filter(({ isLabelled, isHidden }) => !isLabelled && !isHidden);
  const labelled = placed.filter(({ isLabelled }) => isLabelled);
  return [
    { name: 'not labelled', mark: 'circle', colour: '#999999', points: largest(plain) },
    { name: 'labelled, ruled out', mark: 'rect', colour: '#d55e00', points: labelled.filter(({ isFalse }) => isFalse) },
    { name: 'labelled', mark: 'diamond', colour: '#0072b2', points: labelled.filter(({ isFalse }) => !isFalse) },
    { name: 'hidden', mark: 'triangle', colour: '#009e73', points: placed.filter(({ isHidden }) => isHidden) },
  ];
}

/** What the picture leaves out. */
function pictureTexts(dots: readonly Dot[], series: readonly SegmentSeries[]): string[] {
  const unknown = dots.filter(({ potential }) => !isKnown(potential)).length;
  const left = dots.length - unknown - series.reduce((sum, { points }) => sum + points.length, 0);
  return [
    'The dotted lines are where “high” begins. Groups with next to nothing on an axis, or without sales, stand at its edge.',
    ...(unknown === 0 ? [] : [`Not drawn, as their additional potential is unknown: ${unknown}.`]),
    ...(left === 0 ? [] : [`Not drawn: the ${left} smallest groups without a label.`]),
  ];
}

const totalsTable = ({ totals, currency }: Audit): string => {
  const rows = auditKinds.map((kind) => {
    const { groups, revenue, potential } = totalCells(totals[kind], currency);
    return `<tr><th scope="row"><a href="#${kind}">${kindTitles[kind]}</a></th>${[groups, revenue, potential].map(moneyCell).join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr><th scope="col">Finding</th>${['Groups', 'Revenue', 'Additional potential'].map(moneyHead).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
};

function sectionOf(kind: AuditKind, { findings, totals, currency }: Audit): string {
  const rows = findings.filter(({ is }) => is === kind).map((finding) => rowOf(finding, currency));
  const table =
    rows.length === 0
      ? '<p>None.</p>'
      : `<div class="scroll"><table><thead><tr><th scope="col">Group</th><th scope="col">Segment</th>${['Revenue', 'Additional potential'].map(moneyHead).join('')}<th scope="col">Because</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
  return `<section id="${kind}"><h2>${kindTitles[kind]} (${totals[kind].groups})</h2><p>${escaped(`${kindMeanings[kind].replace(/^./, (first) => first.toUpperCase())}.`)}</p>${table}</section>`;
}

const rowOf = (finding: Finding, currency: string | null): string =>
  `<tr><th scope="row">${escaped(finding.name)}</th><td>${escaped(segmentText(finding))}</td>${[finding.revenue, finding.potential].map((amount) => moneyCell(money(amount, currency))).join('')}<td class="words">${becauseTexts(finding, currency).map(escaped).join('<br>')}</td></tr>`;

const moneyCell = (text: string): string => `<td class="money">${escaped(text)}</td>`;
const moneyHead = (text: string): string => `<th scope="col" class="money">${text}</th>`;
