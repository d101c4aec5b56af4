/** Large account manager or key account manager? Which part of the work with a customer are joint projects. */
import sumBy from 'lodash/sumBy.js';
import type { Tier } from './funnel.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, IsoDate, RecordId } from './units.js';
import { unknown, type Unknown } from './unknown.js';

/** Where in the customer's value chain a project saves money. */
export const projectAreas = [
  'logistics',
  'it',
  'research',
  'administration',
  'production',
  'valueCreationStep',
] as const;
export type ProjectArea = (typeof projectAreas)[number];

/** An opportunity that matches the setting: something that both sides do together. */
export type JointProject = {
  id: RecordId;
  name: string;
  area: ProjectArea | null;
  /** What the customer saves in a year; null where nobody entered it. */
  saving: Cents | null;
  state: 'open' | 'won';
  closeOn: IsoDate;
};

export type ProjectWork = {
  /** Running ones first, then the latest. */
  projects: JointProject[];
  /** Won deals in the span, and how many of them are joint projects. */
  won: number;
  joint: number;
  share: Fraction | Unknown;
  /** Yearly saving of the customer from projects won; of how many of them nobody entered it. */
  saving: Cents | Unknown;
  withoutSaving: number;
  /** A key account with fewer joint projects than the setting asks for: a reason to talk, nothing else. */
  isTalkDue: boolean;
};

/**
 * The large-account-manager check: who mainly sells products is a large account manager, not a key account manager.
 *
 * Shape:  `won` counts the deals of the last months that the setting names, joint projects among them. Only a key
 *         account raises the question, and only where something was won.
 * Errors: none. Without a won deal the share is unknown.
 * Source: Milz 2022 (self test “Großkundenbetreuer oder Key Account Manager?”); the share is our choice, and a setting.
 */
export function projectWork(
  projects: readonly JointProject[],
  deals: { won: number; joint: number },
  tier: Tier,
  rules: Pick<Settings['project'], 'minimumShare'>,
): ProjectWork {
  const { won, joint } = deals;
  const share = won === 0 ? unknown('noRecentSales') : joint / won;
  const done = projects.filter(({ state }) => state === 'won');
  const savings = done.flatMap(({ saving }) => saving ?? []);
  return {
    projects: projects.toSorted(
      (a, b) =>
        Number(b.state === 'open') - Number(a.state === 'open') ||
        (a.closeOn < b.closeOn ? 1 : a.closeOn > b.closeOn ? -1 : 0) ||
        (a.id < b.id ? -1 : 1),
    ),
    won,
    joint,
    share,
    saving: savings.length === 0 ? unknown('noSaving') : sumBy(savings),
    withoutSaving: done.length - savings.length,
    isTalkDue: tier === 'key' && won > 0 && joint / won < rules.minimumShare,
  };
}
