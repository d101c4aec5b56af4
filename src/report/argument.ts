/** The argument for one account as lines for a terminal: from money to gates, exact to the cent and the point. */
import type { FoundAccount } from '../book/book.js';
import { balanceOf, type Commitment } from '../kam/agreement.js';
import type { Decision } from '../kam/funnel.js';
import type { ServiceKind } from '../kam/margin.js';
import type { ValueWhy } from '../kam/model/mix.js';
import type { VolumeWhy } from '../kam/model/wallet.js';
import type { BoughtWhy, PotentialCell, PotentialWhy } from '../kam/potential.js';
import type { Score } from '../kam/score.js';
import type { Cents, Fraction } from '../kam/units.js';
import { isKnown, type Unknown } from '../kam/unknown.js';
import {
  agreementStateName,
  commitmentName,
  criterionName,
  gateName,
  leverText,
  nextStepText,
  potentialText,
  reasonText,
  resultName,
  riskText,
  segmentName,
  signalName,
  termName,
  tierName,
  unknownText,
} from '../kam/wording.js';
import { careLines, type GroupCare } from './care.js';
import { exactMoney, percent, table, type Screen } from './terminal.js';

type Found = Extract<FoundAccount, { is: 'found' }>;

/** One group's decision with everything that it rests on. */
export type Argument = Pick<Found, 'accountId' | 'group' | 'accounts'> & {
  decision: Decision;
  /** The share of weights within ±20 % of those set under which the group is a candidate. */
  robustness: Fraction;
  care: GroupCare;
  run: { asOf: string; finishedAt: string; currency: string | null; threshold: number };
};

/** Cells beyond these are in `--json`. */
const SHOWN_CELLS = 15;

export function argumentLines(argument: Argument, screen: Screen): string[] {
  return [
    ...headLines(argument),
    '',
    ...moneyLines(argument),
    ...riskLines(argument),
    '',
    ...marginLines(argument),
    '',
    ...potentialLines(argument),
    '',
    ...careLines(argument.care, argument.run.currency),
    '',
    ...gateLines(argument, screen),
    ...agreementLines(argument),
  ];
}

function headLines({ accountId, group, decision, run }: Argument): string[] {
  const { facts } = group;
  const asked = group.standings.find((standing) => standing.accountId === accountId);
  const member = accountId === facts.groupId ? '' : `${asked?.name ?? accountId} belongs to this group.`;
  return [
    `${facts.name} (${facts.groupId}): ${tierName(decision.tier, 'en')}, ${segmentName(decision.segment, 'en')}`,
    ...(member === '' ? [] : [member]),
    `${facts.accountIds.length === 1 ? '1 account' : `${facts.accountIds.length} accounts`} in the group; as of ${run.asOf}, run of ${run.finishedAt}.`,
  ];
}

function moneyLines({ group: { facts, potential }, run: { currency } }: Argument): string[] {
  const windows = facts.windows.map((cents) => exactMoney(cents, currency)).join(', ');
  const rows: [string, string][] = [
    [
      'Revenue',
      `${amount(facts.yearlyRevenue, currency)}${windows === '' ? '' : `   mean of the 12-month windows ${windows}`}`,
    ],
    ['Cross-selling', amount(potential.crossSell, currency)],
    ['Up-selling', amount(potential.upSell, currency)],
    ['Additional potential', amount(potential.additional, currency)],
    ['Wallet share', isKnown(potential.walletShare) ? percent(potential.walletShare) : missing(potential.walletShare)],
    ['Revenue at risk', amount(potential.revenueAtRisk, currency)],
    ['Growth', isKnown(facts.growth) ? `${percent(facts.growth)} a year` : missing(facts.growth)],
  ];
  return ['Money per year', ...rows.map(([name, text]) => `  ${name.padEnd(22)}${text}`)];
}

/** The site with most at risk, with its reasons and with the sum that makes the amount. */
function riskLines({ accounts, group, run }: Argument): string[] {
  const nameOf = new Map(group.standings.map(({ accountId, name }) => [accountId, name]));
  const known = accounts.flatMap(({ account, potential: { risk } }) => (isKnown(risk) ? [{ account, risk }] : []));
  const [worst] = known.toSorted((a, b) => b.risk.yearly - a.risk.yearly);
  if (worst === undefined) return [];
  const { risk, account } = worst;
  const { why } = risk;
  const parts = why.parts
    .toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
    .map(({ signal, logOdds }) => `${logOdds < 0 ? '−' : '+'} ${Math.abs(logOdds).toFixed(3)} ${signalName(signal)}`);
  return [
    '',
    `Most at risk: ${exactMoney(risk.yearly, run.currency)} at ${nameOf.get(account.accountId) ?? account.accountId} (between ${exactMoney(risk.range.low, run.currency)} and ${exactMoney(risk.range.high, run.currency)})`,
    `  ${riskText(risk, { language: 'en', currency: run.currency })}`,
    `  log-odds ${(why.intercept + why.parts.reduce((sum, { logOdds }) => sum + logOdds, 0)).toFixed(3)} = ${why.intercept.toFixed(3)} base ${parts.join(' ')}`,
  ];
}

/** The scheme of the contribution margin: each line is the sum of those above it, to the cent. */
function marginLines({ group: { facts }, run: { currency } }: Argument): string[] {
  const { revenue, costOfGoods, deductions, deductionShare, first, services, second, uncosted } = facts.contribution;
  const deducted: Row[] = [['− deductions', `${amount(deductions, currency)}   ${percent(deductionShare)} of revenue`]];
  const care = services.map(({ kind, times, rate }): Row => {
    const each = `${times} × ${exactMoney(rate, currency)} in the last 12 months`;
    return [`− ${serviceNames[kind]}`, `${exactMoney(times * rate, currency)}   ${each}`];
  });
  const last: Row[] = [['= DB II', amount(second, currency)]];
  const rows: Row[] = [
    ['Revenue', amount(revenue, currency)],
    ['− cost of goods', amount(costOfGoods, currency)],
    ...(deductionShare > 0 ? deducted : []),
    ['= DB I', amount(first, currency)],
    ...care,
    ...(care.length > 0 ? last : []),
  ];
  return [
    'Contribution margin per year',
    ...rows.map(([name, text]) => `  ${name.padEnd(22)}${text}`),
    ...(uncosted.families.length === 0
      ? []
      : [
          `  Nothing says what ${someOf(uncosted.families)} cost (${exactMoney(uncosted.revenue, currency)} of revenue).`,
        ]),
    ...(services.length === 0 ? ['  The cost of visits, calls and cases is not counted: no rate is set.'] : []),
  ];
}

/** The first few by name; the rest counted. */
const someOf = (families: readonly string[]): string =>
  families.length <= NAMED_FAMILIES + 1
    ? families.join(', ')
    : `${families.slice(0, NAMED_FAMILIES).join(', ')} and ${families.length - NAMED_FAMILIES} more families`;

const NAMED_FAMILIES = 5;

type Row = [name: string, text: string];

const serviceNames: Record<ServiceKind, string> = { visit: 'visits', call: 'calls', case: 'cases' };

const missing = (value: Unknown): string => `unknown (${unknownText(value.unknown, 'en')})`;
const amount = (value: Cents | Unknown, currency: string | null): string =>
  isKnown(value) ? exactMoney(value, currency) : missing(value);

/** The largest cells, each with its sentence and with the sum that makes its amount. */
function potentialLines({ accounts, group, run }: Argument): string[] {
  const speech = { language: 'en', currency: run.currency } as const;
  const nameOf = new Map(group.standings.map(({ accountId, name }) => [accountId, name]));
  const cells = accounts
    .flatMap(({ account, potential }) =>
      potential.cells.map((cell) => ({ cell, site: nameOf.get(account.accountId) ?? account.accountId })),
    )
    .toSorted((a, b) => b.cell.amount - a.cell.amount);
  if (cells.length === 0) return ['No additional potential was found.'];
  const shown = cells.slice(0, SHOWN_CELLS);
  const width = Math.max(...shown.map(({ cell }) => exactMoney(cell.amount, run.currency).length));
  return [
    `Where the potential comes from${cells.length > shown.length ? ` (${shown.length} of ${cells.length}; all with --json)` : ''}`,
    ...shown.flatMap(({ cell, site }) => {
      const kind = cell.kind === 'crossSell' ? 'cross-selling' : 'up-selling';
      const indent = ' '.repeat(width + 4);
      return [
        `  ${exactMoney(cell.amount, run.currency).padStart(width)}  ${cell.family}, ${kind} at ${site}${rangeOf(cell, run.currency)}`,
        `${indent}${potentialText(cell, speech)}`,
        `${indent}= ${sumOf(cell, run.currency)}`,
        ...chanceLines(cell, run.currency).map((line) => `${indent}${line}`),
      ];
    }),
  ];
}

/** The sum by which a reader gets the amount again, to the cent. */
function sumOf({ why, pipeline }: PotentialCell, currency: string | null): string {
  const money = (cents: Cents): string => exactMoney(cents, currency);
  const less = pipeline > 0 ? ` − ${money(pipeline)} in the pipeline already` : '';
  switch (why.is) {
    case 'whitespace':
      return `${chance(why)} × ${money(why.spend)}${less}`;
    case 'bought':
      return `${gapSum(why.from, why.own, money)}${less}`;
    case 'stated':
      return `${percent(why.attainable)} × ${money(why.wallet)} − ${money(why.own)}${less}`;
    case 'closed':
      return money(0);
  }
}

/** The probability as the fractions that it is made of. */
function chance({ probability, from }: Extract<PotentialWhy, { is: 'whitespace' }>): string {
  switch (from.is) {
    case 'model':
      return percent(probability);
    case 'peers':
      return `${from.buyers} / ${from.peers}`;
    case 'prospect':
      return `${from.conversion.became} / ${from.conversion.of} × ${from.buyers} / ${from.peers}`;
    case 'sisters':
      return `${from.conversion.became} / ${from.conversion.of} × ${from.buyers} / ${from.sites}`;
  }
}

/** What is filled of the gaps in volume and in price level, as the fractions that were measured. */
function gapSum(from: BoughtWhy, own: Cents, money: (cents: Cents) => string): string {
  switch (from.is) {
    case 'peers':
      return `${percent(from.realisation)} × (${money(from.benchmark)} − ${money(own)})`;
    case 'model': {
      const { volume, value } = from;
      const parts = [
        ...(isKnown(volume) && volume.gap > 0 ? [`${realised(volume.realisation, money)} × ${money(volume.gap)}`] : []),
        ...(isKnown(value) && value.gap > 0 ? [`${moved(value.realisation, money)} × ${money(value.gap)}`] : []),
      ];
      return parts.length === 0 ? money(0) : parts.join(' + ');
    }
  }
}

const realised = (realisation: VolumeWhy['realisation'], money: (cents: Cents) => string): string =>
  realisation.is === 'assumed'
    ? percent(realisation.share)
    : `${money(realisation.filled)} / ${money(realisation.gap)}`;

/** On balance customers may have moved down; then nothing is expected. */
const moved = ({ moved: sum, gap }: ValueWhy['realisation'], money: (cents: Cents) => string): string =>
  `${money(Math.min(gap, Math.max(0, sum)))} / ${money(gap)}`;

const rangeOf = ({ amount: expected, range: { low, high } }: PotentialCell, currency: string | null): string =>
  low === expected && high === expected
    ? ''
    : ` (between ${exactMoney(low, currency)} and ${exactMoney(high, currency)})`;

/** The log-odds of a chance and all its parts, the strongest first; they add up to it. */
function chanceLines({ why }: PotentialCell, currency: string | null): string[] {
  if (why.is !== 'whitespace' || why.from.is !== 'model') return [];
  const { logOdds, base, terms, owned, spend, correction } = why.from;
  const parts = terms
    .filter(({ part }) => part !== 0)
    .toSorted((a, b) => Math.abs(b.part) - Math.abs(a.part))
    .map(({ feature, part }) => `${part < 0 ? '−' : '+'} ${Math.abs(part).toFixed(3)} ${termName(feature)}`);
  const loudest = owned
    .filter(({ part }) => part > 0)
    .map(({ name, part }) => `${name} ${part.toFixed(3)}`)
    .join(', ');
  return [
    `log-odds ${logOdds.toFixed(3)} = ${base.toFixed(3)} base ${parts.join(' ')}`,
    ...(loudest === '' ? [] : [`what it buys already speaks for it: ${loudest}`]),
    `a year's spend = ${exactMoney(spend.typical, currency)} typical × ${spend.sizeFactor.toFixed(3)} size × ${spend.smear.toFixed(3)} mean over typical × ${spend.year.factor.toFixed(3)} year over ${why.from.horizonMonths} months (${spend.year.is})${correction === null ? '' : ` × ${correction.factor.toFixed(3)} same season's backtest`}`,
  ];
}

function gateLines({ group, decision, robustness, run }: Argument, screen: Screen): string[] {
  const speech = { language: 'en', currency: run.currency } as const;
  const next = nextStepText(decision.nextStep, speech, group.facts.trust);
  return [
    'Strategic ratings (0–3)',
    ...Object.entries(decision.strategy.ratings).map(
      ([criterion, rating]) => `  ${criterionOf(criterion).padEnd(32)}${isKnown(rating) ? rating : missing(rating)}`,
    ),
    '',
    `Score ${isKnown(decision.score.points) ? decision.score.points.toFixed(2) : missing(decision.score.points)} (must exceed ${run.threshold}; ${percent(decision.score.confidence)} of the weights are known)`,
    table(screen, scoreRows(decision.score, run.currency)),
    '',
    `Stands at: ${gateName(decision.gate, 'en')}, ${resultName(decision.gateResult, 'en')}`,
    ...decision.reasons.map((reason) => `- ${reasonText(reason, speech)}`),
    ...robustnessLines(decision, robustness),
    ...(next === null ? [] : [`Next step: ${next}`]),
    ...(decision.lever === undefined ? [] : [`What would it take? ${leverText(decision.lever, speech)}`]),
  ];
}

/** Who promised what, and what was kept by the day; what is late comes first. */
function agreementLines({ group: { agreement }, run: { asOf } }: Argument): string[] {
  if (agreement === null) return [];
  const { state, askedOn, answeredOn, inReturn, reviewOn, commitments } = agreement;
  const dates = [
    ...(askedOn === null ? [] : [`asked on ${askedOn}`]),
    ...(answeredOn === null ? [] : [`answered on ${answeredOn}`]),
    ...(reviewOn === null ? [] : [`review on ${reviewOn}`]),
  ];
  const balance = balanceOf(agreement, asOf);
  const sideLine = (side: 'give' | 'get', name: string): string => {
    const { promised, done, late } = balance[side];
    return `  ${name}: ${promised} promised, ${done} done, ${late} late`;
  };
  const statusOf = ({ dueOn, doneOn }: Commitment): string => {
    if (doneOn !== null && doneOn <= asOf) return `done ${doneOn}`;
    if (dueOn === null) return 'without a date';
    return dueOn < asOf ? `late since ${dueOn}` : `due ${dueOn}`;
  };
  return [
    '',
    `Agreement: ${[agreementStateName(state, 'en'), ...dates].join(', ')}`,
    ...(inReturn === null ? [] : [`  In return: ${inReturn}`]),
    ...(commitments.length === 0 ? [] : [sideLine('give', 'We give'), sideLine('get', 'The customer gives')]),
    ...commitments.map((line) => {
      const what = line.what ?? (line.type === null ? 'something' : commitmentName(line.type, 'en'));
      const who = line.side === 'get' && line.theirOwner !== null ? `, ${line.theirOwner}` : '';
      return `  - ${line.side === 'give' ? 'give' : 'get'}: ${what}${who}; ${statusOf(line)}`;
    }),
  ];
}

function robustnessLines({ tier }: Decision, robustness: Fraction): string[] {
  if (tier === 'candidate')
    return [`- Stays a candidate under ${percent(robustness)} of all weights within ±20 % of those set.`];
  if (robustness === 0 || tier === 'key') return [];
  return [`- Would be a candidate under ${percent(robustness)} of all weights within ±20 % of those set.`];
}

function criterionOf(name: string): string {
  switch (name) {
    case 'referenceCustomer':
    case 'opinionLeader':
    case 'complexity':
    case 'countries':
    case 'sites':
      return criterionName(name, 'en');
    default:
      return name;
  }
}

function scoreRows(score: Score, currency: string | null): Parameters<typeof table>[1] {
  const isMoney = (criterion: string): boolean => ['potential', 'margin', 'risk'].includes(criterion);
  return {
    data: score.parts.map(({ criterion, weight, value, points, contribution }) => ({
      criterion: criterionName(criterion, 'en'),
      value: !isKnown(value) ? missing(value) : isMoney(criterion) ? exactMoney(value, currency) : percent(value),
      points: isKnown(points) ? points.toFixed(2) : missing(points),
      weight,
      contribution: contribution.toFixed(2),
    })),
    columns: [
      { key: 'criterion', name: 'Criterion' },
      { key: 'value', name: 'Value', horizontalAlignment: 'right' },
      { key: 'points', name: 'Points', horizontalAlignment: 'right' },
      { key: 'weight', name: 'Weight', horizontalAlignment: 'right' },
      { key: 'contribution', name: 'Adds', horizontalAlignment: 'right' },
    ],
  };
}
