/** A run as one HTML file: what was read, who stands where, what changed, what the org refused; it needs no network. */
import { isKnown } from '../kam/unknown.js';
import { escaped, page } from './page.js';
import { openPlots } from './plots.js';
import type { Run, RunGroup } from './run.js';
import { changeLines, failedText, headLines, money, noteLines, percent } from './terminal.js';

/** Rows that the org refused; a page with all of ten thousand would not be read. */
const FAILED_SHOWN = 500;

/** Longer texts wrap. */
const WIDE = 60;

/** Renders the report; the library that draws is loaded here and nowhere else. */
export async function runPage(run: Run): Promise<string> {
  const plots = await openPlots();
  const { segments, tiers } = run;
  const standing = plots.bars(
    ['Top', 'Development', 'Base', 'Small', 'Unknown'],
    [{ name: 'groups', values: [segments.top, segments.development, segments.base, segments.small, segments.unknown] }],
    'groups',
  );
  const stages = Object.entries(run.durations);
  const times = plots.bars(
    stages.map(([stage]) => stage),
    [{ name: 'seconds', values: stages.map(([, ms]) => ms / 1000) }],
    's',
  );
  const seconds = (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000;
  const body = [
    ...headLines(run).map(paragraph),
    ...changeLines(run).map(paragraph),
    '<section><h2>Where the groups stand</h2><div class="plots">',
    figure('Groups by segment', standing),
    figure('Seconds by step', times),
    '</div>',
    table(['Segment', 'Groups'], Object.entries(segments)),
    table(
      ['Tier', 'Groups'],
      [
        ['Key Account', tiers.key],
        ['Candidate', tiers.candidate],
        ['Large Account', tiers.large],
        ['Standard', tiers.standard],
      ],
    ),
    '</section>',
    groupsSection('Candidates to ask', run.candidates, run),
    groupsSection('Undecided, an answer is missing', run.undecided, run),
    listSection('Notes', noteLines(run)),
    failedSection(run),
    '<section><h2>The run</h2>',
    table(
      ['', ''],
      [
        ['Run', run.ref],
        ['Org', `${run.orgId} as ${run.username}`],
        ['As of', run.asOf],
        ['Took', `${seconds} s by the org's clock`],
        ['Rows read', run.rowsRead],
        ['Rows planned', run.plan.rows],
        ['Rows written', run.written],
        ['Rows failed', run.failed.length],
        ['Rows sent more than once', run.retried.rows],
        ['Requests sent more than once', run.retried.requests],
        ['API calls', run.apiCalls],
        ['Settings', run.settingsFingerprint.slice(0, 12)],
        ['Plan', run.plan.hash.slice(0, 12)],
      ],
    ),
    '</section>',
  ];
  return page(`Key accounts as of ${run.asOf}`, body.join('\n'), run.version);
}

const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;

const figure = (title: string, svg: string): string =>
  `<figure><figcaption>${escaped(title)}</figcaption>${svg}</figure>`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string =>
    typeof value === 'number'
      ? `<td class="money">${value.toLocaleString('en-GB')}</td>`
      : `<td${value.length > WIDE ? ' class="words"' : ''}>${escaped(value)}</td>`;
  const headed = head.every((text) => text === '')
    ? ''
    : `<thead><tr>${head.map((text) => `<th>${escaped(text)}</th>`).join('')}</tr></thead>`;
  return `<div class="scroll"><table>${headed}<tbody>${rows
    .map((row) => `<tr>${row.map(cell).join('')}</tr>`)
    .join('')}</tbody></table></div>`;
}

function groupsSection(title: string, groups: readonly RunGroup[], { currency }: Run): string {
  if (groups.length === 0) return '';
  const rows = groups.map(({ name, segment, score, confidence, revenue, additionalPotential, text }) => [
    name,
    segment,
    isKnown(score) ? score.toFixed(1) : 'unknown',
    percent(confidence),
    money(revenue, currency),
    money(additionalPotential, currency),
    text,
  ]);
  const head = ['Group', 'Segment', 'Score', 'Known', 'Revenue', 'Potential', 'Why'];
  return `<section><h2>${escaped(title)}</h2>${table(head, rows)}</section>`;
}

const listSection = (title: string, lines: readonly string[]): string =>
  lines.length === 0
    ? ''
    : `<section><h2>${escaped(title)}</h2><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul></section>`;

function failedSection({ failed, errors }: Run): string {
  if (failed.length === 0) return '';
  const more = failed.length - FAILED_SHOWN;
  return [
    '<section><h2>What the org refused</h2>',
    table(['Error', 'Rows'], Object.entries(errors)),
    `<ul>${failed
      .slice(0, FAILED_SHOWN)
      .map((row) => `<li>${escaped(failedText(row))}</li>`)
      .join('')}</ul>`,
    more > 0 ? paragraph(`… and ${more.toLocaleString('en-GB')} more; --json names all.`) : '',
    '</section>',
  ].join('\n');
}
