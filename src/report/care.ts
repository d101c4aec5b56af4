/** The care of a group as lines for a terminal: penetration and annual plan, people at the customer, joint projects. */
import type { Coverage, CoverageGap } from '../kam/coverage.js';
import type { PenetrationPlan, PlanCell } from '../kam/penetration.js';
import type { ProjectWork } from '../kam/projects.js';
import { isKnown } from '../kam/unknown.js';
import {
  contactFunctionName,
  contactLevelName,
  contactRoleName,
  projectAreaName,
  unknownText,
} from '../kam/wording.js';
import { exactMoney, percent } from './terminal.js';

/** What is planned for a group and how well it is known; `coverage` is null where contacts can't be read. */
export type GroupCare = { plan: PenetrationPlan; coverage: Coverage | null; work: ProjectWork };

/** Cells with a plan beyond these are in `--json`. */
const SHOWN_AIMS = 10;

export const careLines = ({ plan, coverage, work }: GroupCare, currency: string | null): string[] => [
  ...planLines(plan, currency),
  '',
  ...coverageLines(coverage),
  '',
  ...projectLines(work, currency),
];

function planLines(plan: PenetrationPlan, currency: string | null): string[] {
  const { ours, sellable, penetration, walletShare, years, cells } = plan;
  const served = (
    [
      ['pipeline', 'with an open offer'],
      ['competitor', 'served by competitors'],
      ['open', 'served by nobody'],
      ['unknown', 'of which nobody knows who serves them'],
    ] as const
  )
    .map(([state, words]) => [cells.filter((cell) => cell.state === state).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`);
  const aimed = cells.filter(({ aim }) => aim !== null);
  return [
    'Penetration plan (families × sites)',
    isKnown(penetration)
      ? `  ${ours} of ${sellable} cells are ours (${percent(penetration)})${served.length === 0 ? '' : `; ${served.join(', ')}`}.`
      : `  No cell could be sold yet (${unknownText(penetration.unknown, 'en')}).`,
    `  Share of the wallets that were stated: ${isKnown(walletShare) ? percent(walletShare) : `unknown (${unknownText(walletShare.unknown, 'en')})`}`,
    ...years.map(
      ({ year, target, actual, achieved, elapsed }) =>
        `  ${year}: ${exactMoney(actual, currency)} of ${exactMoney(target, currency)} (${isKnown(achieved) ? percent(achieved) : unknownText(achieved.unknown, 'en')}), with ${percent(elapsed)} of the year over.`,
    ),
    ...aimed.slice(0, SHOWN_AIMS).map((cell) => `  - ${aimText(cell, currency)}`),
    ...(aimed.length > SHOWN_AIMS ? [`  … and ${aimed.length - SHOWN_AIMS} more cells with a plan (--json).`] : []),
  ];
}

function aimText({ family, site, aim }: PlanCell, currency: string | null): string {
  const target =
    aim === null || aim.target === null
      ? null
      : `${exactMoney(aim.target, currency)}${aim.year === null ? '' : ` in ${aim.year}`}`;
  const step = aim?.nextStep ?? null;
  return `${family} at ${site}: ${[target, step].filter((part) => part !== null).join('; ')}`;
}

function coverageLines(coverage: Coverage | null): string[] {
  if (coverage === null) return ['People at the customer', "  Unknown: contacts can't be read."];
  const { contacts, recent, functions, levels, roles, team, unplaced, gaps } = coverage;
  const words = [
    ...functions.map((each) => contactFunctionName(each, 'en')),
    ...levels.map((each) => contactLevelName(each, 'en')),
    ...roles.map((each) => contactRoleName(each, 'en')),
  ];
  return [
    'People at the customer (a warning, never points)',
    `  ${contacts} contacts, ${recent} of them lately active${words.length === 0 ? '' : `: ${words.join(', ')}`}.${unplaced > 0 ? ` Of ${unplaced} nobody entered function and level.` : ''}`,
    ...(team === null ? [] : [`  ${team} of us in the account team.`]),
    ...gaps.map((gap) => `  ! ${gapText(gap)}`),
  ];
}

function gapText(gap: CoverageGap): string {
  switch (gap.is) {
    case 'contacts':
      return `${gap.has} contacts; ${gap.needs} make a broad relationship.`;
    case 'functions':
      return `${gap.has} of ${gap.needs} functions; ask for access to ${gap.missing.map((each) => contactFunctionName(each, 'en')).join(', ')}.`;
    case 'levels':
      return `${gap.has} of ${gap.needs} levels; missing: ${gap.missing.map((each) => contactLevelName(each, 'en')).join(', ')}.`;
    case 'role':
      return `No ${contactRoleName(gap.role, 'en')}.`;
    case 'silent':
      return gap.last === null
        ? 'No activity with any contact is kept.'
        : `No activity with any contact in ${gap.days} days; the last was on ${gap.last}.`;
    case 'team':
      return `${gap.has} of us in the account team; ${gap.needs} make it last.`;
  }
}

function projectLines(work: ProjectWork, currency: string | null): string[] {
  const { projects, won, joint, share, saving, withoutSaving, isTalkDue } = work;
  return [
    'Joint projects',
    isKnown(share)
      ? `  ${joint} of ${won} won opportunities are joint projects (${percent(share)}).`
      : '  Nothing was won in the months that count.',
    ...(isKnown(saving)
      ? [
          `  They save the customer ${exactMoney(saving, currency)} a year${withoutSaving > 0 ? `; of ${withoutSaving} nobody entered a saving` : ''}.`,
        ]
      : []),
    ...projects.map(
      ({ name, area, state, saving: each }) =>
        `  - ${name} (${area === null ? 'no area' : projectAreaName(area, 'en')}, ${state === 'won' ? 'won' : 'running'}${each === null ? '' : `, saves ${exactMoney(each, currency)} a year`})`,
    ),
    ...(isTalkDue
      ? ["  ! Mostly plain product deals: is this a large account manager's customer? A reason to talk, nothing else."]
      : []),
  ];
}
