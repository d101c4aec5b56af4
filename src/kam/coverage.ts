/** How broadly we know the people of a customer: functions, levels and roles, never who of us knows them. */
import type { Settings } from './settings.js';
import { addDays } from './calendar.js';
import type { IsoDate, RecordId } from './units.js';

/** Where a contact works in the customer's house; the areas over which key account management saves money. */
export const contactFunctions = [
  'management',
  'purchasing',
  'production',
  'logistics',
  'it',
  'research',
  'administration',
  'quality',
  'sales',
] as const;
export type ContactFunction = (typeof contactFunctions)[number];

export const contactLevels = ['board', 'head', 'specialist'] as const;
export type ContactLevel = (typeof contactLevels)[number];

/** What a contact is for us: opens doors, decides, or speaks for us. */
export const contactRoles = ['sponsor', 'decisionMaker', 'champion'] as const;
export type ContactRole = (typeof contactRoles)[number];

/** A contact without a name: nothing here needs to know who it is. */
export type Contact = {
  id: RecordId;
  function: ContactFunction | null;
  level: ContactLevel | null;
  role: ContactRole | null;
  /** The last activity with the contact, of whomever. */
  lastOn: IsoDate | null;
};

export type CoverageRules = Settings['contact'];

/** What is thin, each with what would mend it. */
export type CoverageGap =
  | { is: 'contacts'; has: number; needs: number }
  | { is: 'functions'; has: number; needs: number; missing: ContactFunction[] }
  | { is: 'levels'; has: number; needs: number; missing: ContactLevel[] }
  | { is: 'role'; role: ContactRole }
  | { is: 'silent'; last: IsoDate | null; days: number }
  /** Own people in the account team; only where the org keeps account teams and this account has one. */
  | { is: 'team'; has: number; needs: number };

export type Coverage = {
  contacts: number;
  /** With an activity in the days that the settings ask for. */
  recent: number;
  functions: ContactFunction[];
  levels: ContactLevel[];
  roles: ContactRole[];
  lastOn: IsoDate | null;
  /** Contacts of which nobody entered function and level. */
  unplaced: number;
  team: number | null;
  gaps: CoverageGap[];
};

/**
 * What is known of the people at a customer, and what is thin about it.
 *
 * Shape:  a warning and a list of doors to ask for, never points: it measures us, not the customer. A contact counts for
 *         its function, level and role only where someone entered them.
 * Errors: none. An org without account teams (`team` null) has no gap in them.
 * Source: Milz 2022 (“Multiple-Contact-Management”); the minimum numbers are ours, and settings.
 */
export function coverageOf(
  contacts: readonly Contact[],
  team: number | null,
  rules: CoverageRules,
  asOf: IsoDate,
): Coverage {
  const since = addDays(asOf, -rules.recentDays);
  const seen = <T extends string>(all: readonly T[], of: (contact: Contact) => T | null): T[] =>
    all.filter((word) => contacts.some((contact) => of(contact) === word));
  const days = contacts.flatMap(({ lastOn }) => lastOn ?? []).toSorted();
  const lastOn = days.at(-1) ?? null;
  const coverage = {
    contacts: contacts.length,
    recent: contacts.filter((contact) => contact.lastOn !== null && contact.lastOn > since).length,
    functions: seen(contactFunctions, (contact) => contact.function),
    levels: seen(contactLevels, (contact) => contact.level),
    roles: seen(contactRoles, (contact) => contact.role),
    lastOn,
    unplaced: contacts.filter((contact) => contact.function === null && contact.level === null).length,
    team,
  };
  return { ...coverage, gaps: gapsIn(coverage, rules) };
}

function gapsIn(coverage: Omit<Coverage, 'gaps'>, rules: CoverageRules): CoverageGap[] {
  const { contacts, recent, functions, levels, roles, lastOn, team } = coverage;
  const without = <T>(all: readonly T[], some: readonly T[]): T[] => all.filter((each) => !some.includes(each));
  return [
    ...(contacts < rules.minimumContacts
      ? [{ is: 'contacts', has: contacts, needs: rules.minimumContacts } as const]
      : []),
    ...(functions.length < rules.minimumFunctions
      ? [
          {
            is: 'functions',
            has: functions.length,
            needs: rules.minimumFunctions,
            missing: without(contactFunctions, functions),
          } as const,
        ]
      : []),
    ...(levels.length < rules.minimumLevels
      ? [
          {
            is: 'levels',
            has: levels.length,
            needs: rules.minimumLevels,
            missing: without(contactLevels, levels),
          } as const,
        ]
      : []),
    ...without(contactRoles, roles).map((role) => ({ is: 'role', role }) as const),
    ...(recent === 0 ? [{ is: 'silent', last: lastOn, days: rules.recentDays } as const] : []),
    ...(team !== null && team < rules.minimumTeam
      ? [{ is: 'team', has: team, needs: rules.minimumTeam } as const]
      : []),
  ];
}
