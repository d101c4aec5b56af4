/** A backtest as one HTML file: the same words and figures as in the terminal, with plots; it needs no network. */
import { isKnown } from '../kam/unknown.js';
import {
  adoptionRankers,
  questions,
  riskRankers,
  wasTried,
  type CutReport,
  type Question,
} from '../kam/model/backtest.js';
import type { Calibration, Measured } from '../kam/model/metrics.js';
import type { Backtest } from './backtest.js';
import { backtestTables } from './backtestLines.js';
import {
  adoptionNames,
  headText,
  noteTexts,
  rankingOf,
  riskNames,
  titleOf,
  verdictText,
  warningTexts,
} from './backtestWords.js';
import { escaped, page } from './page.js';
import { openPlots, type Plots } from './plots.js';

/** Renders the report; the library that draws is loaded here and nowhere else. */
export async function backtestPage(found: Backtest): Promise<string> {
  const plots = await openPlots();
  const tables = backtestTables(found);
  const sections = questions.map((question) => {
    const own = tables.filter(({ title }) => title.startsWith(titleOf(question)));
    return `<section id="${question}">
<h2>${escaped(titleOf(question))}</h2>
<p class="verdict ${found.verdicts[question].is}">${escaped(verdictText(question, found))}</p>
<div class="plots">${plotsOf(question, found, plots).map(figureOf).join('')}</div>
${own.map(tableOf).join('')}
</section>`;
  });
  const [title = '', ...head] = headText(found);
  return page(
    title,
    `${head.map((text) => `<p>${escaped(text)}</p>`).join('')}
${listOf('Beware', warningTexts(found))}${listOf('Notes', noteTexts(found))}
${sections.join('')}
<h2>How to read this</h2>
${READING.map(([term, text]) => `<p><b>${term}</b> ${text}</p>`).join('')}`,
    found.version,
  );
}

const READING: readonly (readonly [string, string])[] = [
  [
    'Cut',
    'The day from which the models look forward. They know the sales before it, and are judged by those after it.',
  ],
  [
    'AUC',
    'The chance that, of one case where it happened and one where it did not, the former was ranked first. 0.5 is a coin.',
  ],
  ['PR-AUC', 'Mean share of hits down the list to each hit; compare it with the share of hits in all cases.'],
  ['Lift', 'How many times as many hits the best tenth of the list holds as a tenth drawn by chance.'],
  [
    'Recall@5',
    'Of the families that an account then bought, the share among the five named first; at most five count.',
  ],
  [
    'ECE',
    'Mean distance between the probability said and the share that happened, over ten groups of equally many cases.',
  ],
  ['Spearman', 'Rank correlation: 1 where the order of amounts is right, 0 where it says nothing.'],
  [
    'Brackets',
    'The interval that 95 of 100 resampled books fall into. Differences between periods are not in it: compare the cuts.',
  ],
  [
    'What it can not show',
    'Whether acting on a figure changes anything. Sales histories tell what customers did, not what they would have done.',
  ],
];

type Plot = { title: string; svg: string };

function plotsOf(question: Question, { cuts, currency }: Backtest, plots: Plots): Plot[] {
  // Oldest first: time runs to the right.
  const inTime = cuts.toReversed();
  switch (question) {
    case 'adoption': {
      const tried = inTime.flatMap((cut) => (wasTried(cut.adoption) ? [{ cut, trial: cut.adoption }] : []));
      const [latest] = tried.slice(-1);
      if (latest === undefined) return [];
      return [
        {
          title: 'AUC of P(adopt) and of simple rankings, with intervals',
          svg: plots.intervals(
            tried.map(({ cut }) => cut.day),
            adoptionRankers.map((name) => ({
              name: adoptionNames[name],
              values: tried.map(({ trial }) => rankingOf(trial.rankers, name).auc),
            })),
            0.5,
          ),
        },
        { title: 'Probability said against share that happened', svg: plots.reliability(reliabilities(tried)) },
        {
          title: `Share of first purchases found, going down the list (cut ${latest.cut.day})`,
          svg: plots.gains(latest.trial.gains.map(({ name, shares }) => ({ name: adoptionNames[name], shares }))),
        },
      ];
    }
    case 'crossSell':
      return inTime
        .flatMap((cut) => (isKnown(cut.crossSell) ? [{ cut, trial: cut.crossSell }] : []))
        .slice(-1)
        .map(({ cut, trial }) => ({
          title: `Expected and spent, by tenths of accounts from least to most expected (cut ${cut.day})`,
          svg: plots.bars(
            trial.bins.map((_, index) => `${index + 1}`),
            [
              { name: 'expected', values: trial.bins.map(({ predicted }) => predicted / 100) },
              { name: 'spent', values: trial.bins.map(({ actual }) => actual / 100) },
            ],
            currency,
          ),
        }));
    case 'wallet': {
      const tried = inTime.flatMap((cut) => (isKnown(cut.wallet) ? [{ cut, trial: cut.wallet }] : []));
      if (tried.length === 0) return [];
      return [
        {
          title: 'How often spend grew faster than the book, with and without a gap to comparable customers',
          svg: plots.intervals(
            tried.map(({ cut }) => cut.day),
            [
              { name: 'with a gap', values: tried.map(({ trial }) => trial.withGap.grew) },
              { name: 'without', values: tried.map(({ trial }) => trial.withoutGap.grew) },
            ],
            null,
          ),
        },
        {
          title: 'Share of spends that stayed below the ceiling that 80 % should stay below',
          svg: plots.intervals(
            tried.map(({ cut }) => cut.day),
            [{ name: 'below the ceiling', values: tried.map(({ trial }) => trial.coverage) }],
            0.8,
          ),
        },
      ];
    }
    case 'risk': {
      const tried = inTime.flatMap((cut) => (isKnown(cut.risk) ? [{ cut, trial: cut.risk }] : []));
      if (tried.length === 0) return [];
      return [
        {
          title: 'AUC of P(loss) and of simple rankings, with intervals',
          svg: plots.intervals(
            tried.map(({ cut }) => cut.day),
            riskRankers.map((name) => ({
              name: riskNames[name],
              values: tried.map(({ trial }): Measured => rankingOf(trial.rankers, name).auc),
            })),
            0.5,
          ),
        },
        { title: 'Probability said against share that happened', svg: plots.reliability(reliabilities(tried)) },
      ];
    }
  }
}

const reliabilities = (
  tried: readonly { cut: CutReport; trial: { calibration: Calibration } }[],
): { name: string; points: { predicted: number; observed: number }[] }[] =>
  tried.map(({ cut, trial }) => ({ name: cut.day, points: trial.calibration.bins }));

const figureOf = ({ title, svg }: Plot): string => `<figure><figcaption>${escaped(title)}</figcaption>${svg}</figure>`;

const tableOf = ({ days, rows }: ReturnType<typeof backtestTables>[number]): string =>
  `<div class="scroll"><table><thead><tr><th scope="col">Cut</th>${days.map((day) => `<th scope="col">${day}</th>`).join('')}</tr></thead>
<tbody>${rows
    .map(
      ({ name, cells }) =>
        `<tr><th scope="row">${escaped(name)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`,
    )
    .join('')}</tbody></table></div>`;

const listOf = (title: string, texts: readonly string[]): string =>
  texts.length === 0
    ? ''
    : `<h2>${title}</h2><ul>${texts.map((text) => `<li>${escaped(text.replace(/^./, (first) => first.toUpperCase()))}</li>`).join('')}</ul>`;
