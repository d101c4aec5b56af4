/** What an admin can set, what it means and its defaults: the single truth that custom metadata, docs and code share. */
import isPlainObject from 'lodash/isPlainObject.js';
import { z } from 'zod';
import {
  moneyCriteria,
  peopleRated,
  scoreCriteria,
  strategyCriteria,
  type ScoreCriterion,
  type StrategyCriterion,
} from './criteria.js';
import type { FeatureName } from './model/features.js';
import { priorWeights } from './model/weights.js';
import { toCents, type Cents } from './units.js';

/** What a setting measures; it says which metadata type holds it and how people write it. */
export type SettingKind = 'fraction' | 'money' | 'points' | 'count' | 'flag' | 'choice' | 'text' | 'anchor';

/** Up to here an amount in cents is an exact number. */
const MAXIMUM_MONEY = 90_000_000_000_000;

const kinds = z.registry<{ kind: SettingKind; says: string }>();

const fraction = (says: string) => z.number().min(0).max(1).register(kinds, { kind: 'fraction', says });
const money = (says: string) =>
  z
    .number()
    .min(0)
    .max(MAXIMUM_MONEY)
    .transform((amount): Cents => toCents(amount * 100))
    .register(kinds, { kind: 'money', says });
const count = (says: string, from: number, to: number) =>
  z.number().int().min(from).max(to).register(kinds, { kind: 'count', says });
const points = (says: string, to: number) => z.number().min(0).max(to).register(kinds, { kind: 'points', says });
const flag = (says: string) => z.boolean().register(kinds, { kind: 'flag', says });
const choice = <const T extends readonly [string, ...string[]]>(says: string, values: T) =>
  z.enum(values).register(kinds, { kind: 'choice', says });
const text = (says: string) => z.string().min(1).max(255).register(kinds, { kind: 'text', says });
/** In the criterion's own unit; checked against each other below. */
const anchor = (says: string) =>
  z.number().min(-MAXIMUM_MONEY).max(MAXIMUM_MONEY).register(kinds, { kind: 'anchor', says });

const cents = (amount: number): Cents => toCents(amount * 100);
const MAXIMUM_WEIGHT = 9999;

function scoreCriterion(weight: number, anchors: readonly [number, number, number] | null) {
  const unit = 'Money per year for Potential, Margin and Risk; percent for Breadth and Growth.';
  return z.strictObject({
    active: flag('Whether the criterion takes part in the score.').default(true),
    weight: points('Weight of the criterion, on any scale common to all.', MAXIMUM_WEIGHT).default(weight),
    zeroAt: anchor(`Value that earns 0 points. ${unit}`)
      .nullable()
      .default(anchors?.[0] ?? null),
    halfAt: anchor(`Value that earns 50 points. ${unit}`)
      .nullable()
      .default(anchors?.[1] ?? null),
    fullAt: anchor(`Value that earns 100 points. ${unit}`)
      .nullable()
      .default(anchors?.[2] ?? null),
  });
}

function strategyCriterion(weight: number, bands: readonly [number, number, number] | null) {
  const from = (rating: number) => count(`Count from which the criterion is rated ${rating}.`, 0, 999_999_999);
  return z.strictObject({
    active: flag('Whether the criterion takes part in the strategic gate.').default(true),
    weight: points('Weight of the criterion, on any scale common to all.', MAXIMUM_WEIGHT).default(weight),
    oneFrom: from(1)
      .nullable()
      .default(bands?.[0] ?? null),
    twoFrom: from(2)
      .nullable()
      .default(bands?.[1] ?? null),
    threeFrom: from(3)
      .nullable()
      .default(bands?.[2] ?? null),
  });
}

/** Kinds of review tasks, each with a rule of its own. */
export const reviewKinds = [
  'rate',
  'ask',
  'reask',
  'grow',
  'retain',
  'commitmentOverdue',
  'requalify',
  'overrideExpiring',
  'trust',
] as const;
export type ReviewKind = (typeof reviewKinds)[number];

type Rule = {
  dueDays: number;
  priority: 'High' | 'Normal' | 'Low';
  period: 'Month' | 'Quarter' | 'Year';
  owner?: 'owner' | 'manager';
  perOwner?: number | null;
  perAccount: number | null;
};

function reviewRule({ dueDays, priority, period, owner = 'owner', perOwner = 10, perAccount }: Rule) {
  const users = ['owner', 'manager', 'field'] as const;
  return z.strictObject({
    active: flag('Whether tasks of this kind are opened.').default(true),
    dueDays: count('Days from the run to the due date.', 0, 365).default(dueDays),
    owner: choice(
      'Who gets the task: the account owner, the key account manager, or the user in the account field that `tasks.ownerField` names; where there is none, the account owner.',
      users,
    ).default(owner),
    priority: choice('Priority of the task.', ['High', 'Normal', 'Low']).default(priority),
    period: choice('A task of this kind comes back at most once per period.', ['Month', 'Quarter', 'Year']).default(
      period,
    ),
    capPerOwner: count('Open tasks of this kind that one owner gets at most; empty for no limit.', 0, 9999)
      .nullable()
      .default(perOwner),
    capPerAccount: count('Open tasks of this kind that one account gets at most; empty for no limit.', 0, 9999)
      .nullable()
      .default(perAccount),
  });
}

const adoptionWeight = (of: FeatureName, says: string) =>
  points(`Weight, before learning, in the chance of buying a new family: ${says}.`, 3).default(priorWeights[of]);

const family = z.strictObject({
  family: text('Product family as it stands on the product.'),
  aliasOf: text('Family that this one is counted as.').nullable().default(null),
  margin: z
    .number()
    .min(-1)
    .max(1)
    .nullable()
    .default(null)
    .register(kinds, { kind: 'fraction', says: 'Contribution margin of the family.' }),
  inScope: flag('Whether the family takes part in potential.').default(true),
});

export const settingsSchema = z.strictObject({
  language: choice('Language of what sales people read in the CRM.', ['en', 'de']).default('en'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'three capital letters, such as EUR' })
    .register(kinds, {
      kind: 'text',
      says: 'ISO code of the corporate currency, for words only; empty: amounts carry no symbol.',
    })
    .nullable()
    .default(null),
  revenue: z
    .strictObject({ windows: count('12-month windows that yearly revenue is the mean of.', 1, 5).default(3) })
    .prefault({}),
  segment: z
    .strictObject({
      method: choice('Where high begins: by share of the total, or by fixed amounts.', ['share', 'amount']).default(
        'share',
      ),
      revenueShare: fraction('High revenue: the fewest groups that make this share of all revenue.').default(0.8),
      potentialShare: fraction(
        'High potential: the fewest groups that make this share of all additional potential.',
      ).default(0.8),
      minimumRevenue: money('Yearly revenue below which no group is high.').default(cents(14_000)),
      minimumPotential: money('Yearly additional potential below which no group is high.').default(cents(14_000)),
      revenueLine: money('Method amount: yearly revenue from which a group is high.').nullable().default(null),
      potentialLine: money('Method amount: yearly additional potential from which a group is high.')
        .nullable()
        .default(null),
      keepShare: fraction('A group stays high down to this share of the line.').default(0.9),
    })
    .prefault({}),
  potential: z
    .strictObject({
      minimumPeers: count('Accounts that a peer group needs.', 2, 9999).default(8),
      quantile: fraction('Share of wallet of comparable buyers that up-selling aims at, as a quantile.').default(0.8),
      realisation: fraction('Share of the wallet gap that is expected to be won in a year.').default(0.25),
      attainableShare: fraction('Share of a stated wallet that one supplier can win of one family.').default(0.65),
      prospects: flag('Accounts without sales take part, by what comparable customers buy.').default(false),
      keepFamilies: count('Families per account, most money first, that get a record of their own.', 0, 1000).default(
        25,
      ),
      keepSmall: flag('Small customers get potential records too, not only those that enter the funnel.').default(true),
    })
    .prefault({}),
  adoption: z
    .strictObject({
      learning: flag('Weights move half-way to what past windows of the own book say.').default(true),
      horizonMonths: count('Months ahead that buying a new family is estimated for.', 1, 24).default(6),
      lookalikes: choice(
        'Compare accounts with those that looked like them before; auto: with fewer of them in very large books.',
        ['on', 'auto', 'off'],
      ).default('auto'),
      weight: z
        .strictObject({
          recentRate: adoptionWeight('recentRate', 'how many come to buy the family'),
          penetration: adoptionWeight('penetration', 'how many own the family'),
          peers: adoptionWeight('peers', 'how many comparable accounts own the family'),
          companions: adoptionWeight('companions', 'what is bought together with the family'),
          lift: adoptionWeight('lift', 'how much more often owners of the same families own it'),
          lookalikes: adoptionWeight('lookalikes', 'what accounts that looked alike have bought since'),
          breadth: adoptionWeight('breadth', 'how many products the account has bought'),
          youth: adoptionWeight('youth', 'how new the account is'),
          recency: adoptionWeight('recency', 'how lately the account bought'),
          revenue: adoptionWeight('revenue', 'how much the account buys'),
          newcomer: adoptionWeight('newcomer', 'whether the account is younger than 90 days'),
          pace: adoptionWeight('pace', 'how quickly the account takes up families'),
        })
        .prefault({}),
    })
    .prefault({}),
  strategy: z
    .strictObject({
      minimumMean: fraction('Weighted mean of the strategic ratings that passes the gate.').default(0.5),
      oneIsEnough: flag('One criterion rated 3 by people passes the gate.').default(true),
      ratingMonths: count(
        'Months after which a rating by people is too old and counts as missing; empty: ratings never age.',
        1,
        120,
      )
        .nullable()
        .default(24),
    })
    .prefault({}),
  score: z
    .strictObject({
      threshold: points('Score that must be exceeded.', 100).default(60),
      hysteresis: points(
        'Points below the threshold that a group past the score gate keeps passing for; 0 for none.',
        100,
      ).default(3),
      minimumConfidence: fraction('Share of the weights that must rest on known figures.').default(0.5),
      capacity: count('Key accounts and candidates that the programme can care for; empty for no cap.', 1, 99_999)
        .nullable()
        .default(35),
    })
    .prefault({}),
  stability: z
    .strictObject({
      minimumStayMonths: count(
        'Months that a group stays a candidate, whatever its figures say, from the day on which it became one; 0 for none.',
        0,
        36,
      ).default(3),
      movesPerQuarter: fraction(
        'Share of the groups in the funnel that figures may make candidates, or candidates no longer, in one quarter; at least one group. Empty: no limit.',
      )
        .nullable()
        .default(0.1),
    })
    .prefault({}),
  capacity: z
    .strictObject({
      perManager: points(
        'Points that one key account manager can carry; who would need more finds no room. Empty: no limit.',
        9999,
      )
        .nullable()
        .default(null),
      key: points('Points that the care of one key account takes.', 999).default(2),
      candidate: points('Points that one candidate takes, who is being won.', 999).default(1),
    })
    .prefault({}),
  source: z
    .strictObject({
      years: count('Years of won opportunities that are read.', 1, 20).default(5),
      opportunityFamilyField: text('Opportunity field that names the product family where there are no products.')
        .nullable()
        .default(null),
    })
    .prefault({}),
  margin: z
    .strictObject({
      source: choice(
        'Where the cost of goods comes from; where a sale has none there, the margin of its family counts.',
        ['family', 'line', 'product'],
      ).default('family'),
      lineCostField: text(
        'Source line: opportunity product field with the cost of the whole line; empty: the field that the package offers.',
      )
        .nullable()
        .default(null),
      productCostField: text('Source product: product field with the cost of one piece.').nullable().default(null),
      deductionShare: fraction('Share of revenue that goes off after the invoice: bonuses, cash discount.').default(0),
    })
    .prefault({}),
  service: z
    .strictObject({
      visitCost: money('Cost of a visit (an event); empty: visits are not counted.').nullable().default(null),
      callCost: money('Cost of a logged call (a task); empty: calls are not counted.').nullable().default(null),
      caseCost: money('Cost of a case; empty: cases are not counted.').nullable().default(null),
    })
    .prefault({}),
  agreement: z
    .strictObject({
      minimumGets: count('What the customer must give in return: commitments with a person and a date.', 1, 20).default(
        3,
      ),
      minimumAccess: count('Of these, those that give access to countries, sites or people.', 0, 20).default(1),
      reaskMonths: count(
        'Months after a decline until the customer is asked again, where no day is entered.',
        1,
        60,
      ).default(12),
      incubatorMonths: count('Months that a customer may stay on trial.', 1, 24).default(12),
      reviewMonths: count('Months between two reviews of an agreement, where no day is entered.', 1, 60).default(12),
    })
    .prefault({}),
  tasks: z
    .strictObject({
      fallbackOwner: text(
        'Username of the active user who gets the tasks of inactive owners; empty: such tasks are not opened, and named in the run.',
      )
        .nullable()
        .default(null),
      ownerField: text(
        'Account field, a lookup to a user other than owner and key account manager, for rules whose owner is Field.',
      )
        .nullable()
        .default(null),
      overrideLeadDays: count('Days before an override ends from which its task is opened.', 0, 365).default(30),
      retainFrom: money('Yearly revenue at risk from which a task to retain the customer is opened.').default(
        cents(14_000),
      ),
      lateShare: fraction(
        "Share of the customer's due commitments that must be late before a key account is to be requalified.",
      ).default(0.5),
      requalifyMonths: count(
        'Monthly assessments in a row in which a key account must fail before a task to requalify it is opened.',
        1,
        24,
      ).default(2),
    })
    .prefault({}),
  contact: z
    .strictObject({
      minimumContacts: count(
        'Contacts that a group needs for a broad relationship; fewer are a warning.',
        0,
        999,
      ).default(5),
      minimumFunctions: count('Functions that the contacts of a group should cover.', 0, 9).default(3),
      minimumLevels: count('Levels that the contacts of a group should cover.', 0, 3).default(2),
      minimumTeam: count('Own people in the account team, where the org keeps account teams.', 0, 99).default(2),
      recentDays: count('Days within which a contact should have had an activity.', 1, 3650).default(90),
    })
    .prefault({}),
  project: z
    .strictObject({
      opportunityField: text(
        'Opportunity field that marks a joint project; empty: the area of the project, which the package offers.',
      )
        .nullable()
        .default(null),
      opportunityValue: text('Value of that field that marks a joint project; empty: any value, for a checkbox true.')
        .nullable()
        .default(null),
      minimumShare: fraction('Share of joint projects in what a key account bought; less is a reason to talk.').default(
        0.2,
      ),
      months: count('Months of won opportunities that the share is taken of.', 1, 60).default(24),
    })
    .prefault({}),
  history: z
    .strictObject({
      scoreStep: points(
        'Points by which a score must have moved for the assessment of a month to be written anew; where tier, segment or gate change it always is.',
        100,
      ).default(1),
      retentionMonths: count('Months that an assessment is kept before the worker deletes it; empty keeps all.', 1, 240)
        .nullable()
        .default(36),
    })
    .prefault({}),
  safety: z
    .strictObject({
      maximumMoves: fraction('Share of classified accounts that may change tier or segment in one run.').default(0.2),
      firstRunWrites: count(
        'Rows that a first run may write at most; more must be allowed by --max-writes.',
        0,
        99_999_999,
      ).default(100_000),
      apiRunShare: fraction("Share of the org's daily API calls that one run may make.").default(0.1),
      apiSoftStop: fraction(
        "Share of the org's daily API calls, whoever made them, beyond which a run stops and keeps what it has.",
      ).default(0.8),
      apiHardStop: fraction("Share of the org's daily API calls beyond which a run makes none at all.").default(0.95),
    })
    .prefault({}),
  criterion: z
    .strictObject({
      referenceCustomer: strategyCriterion(30, null).prefault({}),
      opinionLeader: strategyCriterion(20, null).prefault({}),
      complexity: strategyCriterion(20, [2, 4, 6]).prefault({}),
      countries: strategyCriterion(15, [2, 4, 10]).prefault({}),
      sites: strategyCriterion(15, [2, 5, 15]).prefault({}),
      potential: scoreCriterion(35, null).prefault({}),
      margin: scoreCriterion(25, null).prefault({}),
      risk: scoreCriterion(20, null).prefault({}),
      breadth: scoreCriterion(10, [0, 0.3, 0.6]).prefault({}),
      growth: scoreCriterion(10, [-0.05, 0.015, 0.1]).prefault({}),
    })
    .prefault({}),
  review: z
    .strictObject({
      rate: reviewRule({ dueDays: 21, priority: 'Normal', period: 'Quarter', perAccount: 3 }).prefault({}),
      ask: reviewRule({ dueDays: 30, priority: 'High', period: 'Year', owner: 'manager', perAccount: 1 }).prefault({}),
      reask: reviewRule({ dueDays: 30, priority: 'High', period: 'Year', owner: 'manager', perAccount: null }).prefault(
        {},
      ),
      grow: reviewRule({ dueDays: 30, priority: 'Normal', period: 'Quarter', perAccount: 1 }).prefault({}),
      retain: reviewRule({ dueDays: 14, priority: 'High', period: 'Quarter', perAccount: 1 }).prefault({}),
      commitmentOverdue: reviewRule({
        dueDays: 14,
        priority: 'High',
        period: 'Month',
        owner: 'manager',
        perAccount: 3,
      }).prefault({}),
      requalify: reviewRule({
        dueDays: 30,
        priority: 'High',
        period: 'Quarter',
        owner: 'manager',
        perAccount: 1,
      }).prefault({}),
      overrideExpiring: reviewRule({
        dueDays: 30,
        priority: 'Normal',
        period: 'Year',
        owner: 'manager',
        perOwner: null,
        perAccount: 1,
      }).prefault({}),
      trust: reviewRule({ dueDays: 30, priority: 'Normal', period: 'Year', owner: 'manager', perAccount: 1 }).prefault(
        {},
      ),
    })
    .prefault({}),
  families: z.array(family).default([]),
});

/**
 * Settings as the method uses them: money in cents, shares as fractions, money anchors in cents.
 */
export type Settings = z.infer<typeof settingsSchema>;

/** Something wrong with a setting, as data: whoever read it knows the record and field that `path` stands for. */
export type SettingsProblem = { path: readonly (string | number)[]; value: unknown; expected: string };

/**
 * Reads settings as an admin has them.
 *
 * Shape:  `raw` is nested as the schema; what is missing takes its default, and so does null, but where a setting may be
 *         empty. A name that is no setting is a problem, unless it is null.
 * Units:  in: money in whole currency units, shares as fractions. Out: money in cents.
 * Errors: none thrown; every problem is returned, and then there are no settings.
 */
export function parseSettings(raw: unknown): { settings: Settings } | { problems: SettingsProblem[] } {
  const parsed = settingsSchema.safeParse(withoutEmpties(raw, settingsSchema), { reportInput: true });
  if (!parsed.success) return { problems: parsed.error.issues.flatMap(problemsIn) };
  const problems = crossChecks(parsed.data);
  return problems.length > 0 ? { problems } : { settings: inCents(parsed.data) };
}

/** An empty field of the CRM comes as null: it clears a setting that may be empty and leaves any other to its default. */
function withoutEmpties(raw: unknown, schema: z.core.$ZodType): unknown {
  const inner = unwrap(schema).schema;
  if (inner instanceof z.ZodArray && Array.isArray(raw)) return raw.map((one) => withoutEmpties(one, inner.element));
  if (!(inner instanceof z.ZodObject) || typeof raw !== 'object' || raw === null || !isPlainObject(raw)) return raw;
  const kept = Object.entries(raw).flatMap(([name, value]: [string, unknown]) => {
    const child: unknown = inner.shape[name];
    if (!(child instanceof z.core.$ZodType)) return value === null ? [] : [[name, value]];
    return value === null && !unwrap(child).nullable ? [] : [[name, withoutEmpties(value, child)]];
  });
  return Object.fromEntries(kept);
}

function problemsIn(issue: z.core.$ZodIssue): SettingsProblem[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ path, value: issue.input, expected: expectedIn(issue) }];
  return issue.keys.map((key) => ({
    path: [...path, key],
    value: at(issue.input, key),
    expected: 'the name of a setting; this is none',
  }));
}

function expectedIn(issue: Exclude<z.core.$ZodIssue, { code: 'unrecognized_keys' }>): string {
  switch (issue.code) {
    case 'too_small':
      return issue.origin === 'string' ? 'text that is not empty' : `${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'string' ? `at most ${issue.maximum} characters` : `${issue.maximum} or less`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message;
  }
}

const typeNames: Partial<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'settings by name',
  array: 'a list',
};

export function defaultSettings(): Settings {
  return inCents(settingsSchema.parse({}));
}

/** The settings, or a part of them, as one canonical text: equal settings give equal text, whatever order they were read in. */
export function canonicalSettings(settings: Settings | Settings[keyof Settings]): string {
  return JSON.stringify(sorted(settings));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Anchors of money criteria are entered as money; inside they are cents, as the figures that they are compared with. */
function inCents(parsed: Settings): Settings {
  const criterion = { ...parsed.criterion };
  for (const name of moneyCriteria) {
    const { zeroAt, halfAt, fullAt, ...rest } = criterion[name];
    const of = (amount: number | null): Cents | null => (amount === null ? null : cents(amount));
    criterion[name] = { ...rest, zeroAt: of(zeroAt), halfAt: of(halfAt), fullAt: of(fullAt) };
  }
  return { ...parsed, criterion };
}

function crossChecks(settings: Settings): SettingsProblem[] {
  return [
    ...weightChecks(settings, strategyCriteria),
    ...weightChecks(settings, scoreCriteria),
    ...scoreCriteria.flatMap((name) => anchorChecks(settings, name)),
    ...strategyCriteria.flatMap((name) => bandChecks(settings, name)),
    ...familyChecks(settings),
    ...ownerChecks(settings),
  ];
}

function weightChecks(
  settings: Settings,
  names: readonly [StrategyCriterion | ScoreCriterion, ...(StrategyCriterion | ScoreCriterion)[]],
): SettingsProblem[] {
  const active = names.filter((name) => settings.criterion[name].active);
  const [first] = active;
  if (first === undefined) {
    const expected = `at least one active criterion of ${names.join(', ')}`;
    return [{ path: ['criterion', names[0], 'active'], value: false, expected }];
  }
  if (active.some((name) => settings.criterion[name].weight > 0)) return [];
  const expected = `a weight above 0 for at least one of ${active.join(', ')}`;
  return [{ path: ['criterion', first, 'weight'], value: 0, expected }];
}

function anchorChecks(settings: Settings, name: ScoreCriterion): SettingsProblem[] {
  const { zeroAt, halfAt, fullAt } = settings.criterion[name];
  const given = [zeroAt, halfAt, fullAt].filter((at) => at !== null);
  if (given.length === 0) return [];
  if (zeroAt === null || halfAt === null || fullAt === null) {
    const missing = zeroAt === null ? 'zeroAt' : halfAt === null ? 'halfAt' : 'fullAt';
    return [{ path: ['criterion', name, missing], value: null, expected: 'all three anchors, or none' }];
  }
  if (halfAt <= zeroAt) {
    return [
      { path: ['criterion', name, 'halfAt'], value: halfAt, expected: `more than the value for 0 points (${zeroAt})` },
    ];
  }
  if (fullAt <= halfAt) {
    return [
      { path: ['criterion', name, 'fullAt'], value: fullAt, expected: `more than the value for 50 points (${halfAt})` },
    ];
  }
  return [];
}

function bandChecks(settings: Settings, name: StrategyCriterion): SettingsProblem[] {
  const { active, oneFrom, twoFrom, threeFrom } = settings.criterion[name];
  const bands = [
    { key: 'oneFrom', from: oneFrom, rating: 1 },
    { key: 'twoFrom', from: twoFrom, rating: 2 },
    { key: 'threeFrom', from: threeFrom, rating: 3 },
  ].flatMap(({ key, from, rating }) => (from === null ? [] : [{ key, from, rating }]));
  if (bands.length === 0 && active && !peopleRated.some((person) => person === name)) {
    const expected = 'the count from which it is rated 1, 2 or 3, or the criterion inactive';
    return [{ path: ['criterion', name, 'oneFrom'], value: null, expected }];
  }
  return bands.flatMap(({ key, from }, index): SettingsProblem[] => {
    const below = bands[index - 1];
    if (below === undefined || below.from < from) return [];
    const expected = `more than the count for rating ${below.rating} (${below.from})`;
    return [{ path: ['criterion', name, key], value: from, expected }];
  });
}

function familyChecks(settings: Settings): SettingsProblem[] {
  const names = settings.families.map(({ family: name }) => name.toLowerCase());
  const aliased = new Set(
    settings.families.filter(({ aliasOf }) => aliasOf !== null).map(({ family: name }) => name.toLowerCase()),
  );
  return settings.families.flatMap(({ family: name, aliasOf }, index): SettingsProblem[] => {
    if (names.indexOf(name.toLowerCase()) !== index) {
      return [{ path: ['families', index, 'family'], value: name, expected: 'each family in one record only' }];
    }
    if (aliasOf !== null && aliased.has(aliasOf.toLowerCase())) {
      return [
        { path: ['families', index, 'aliasOf'], value: aliasOf, expected: 'a family that is not itself an alias' },
      ];
    }
    return [];
  });
}

function ownerChecks({ review, tasks }: Settings): SettingsProblem[] {
  if (tasks.ownerField !== null || reviewKinds.every((kind) => review[kind].owner !== 'field')) return [];
  const expected = 'the account field that names the owner, as a review rule says Field';
  return [{ path: ['tasks', 'ownerField'], value: null, expected }];
}

/** One setting for the admin: its path, what it measures, what it means, its default and its range in outside units. */
export type SettingKey = {
  key: string;
  kind: SettingKind;
  says: string;
  choices: readonly string[];
  nullable: boolean;
  /** As parsed from nothing: money in cents. */
  default: unknown;
};

/** Every setting in order of the schema, `families` by the keys of one record (`families.margin`). */
export function settingKeys(schema: z.core.$ZodType = settingsSchema): SettingKey[] {
  return keysOf(schema, [], defaultSettings());
}

function keysOf(schema: z.core.$ZodType, path: string[], defaults: unknown): SettingKey[] {
  const inner = unwrap(schema);
  if (inner.schema instanceof z.ZodObject) {
    return Object.entries(inner.schema.shape)
      .filter((entry): entry is [string, z.core.$ZodType] => entry[1] instanceof z.core.$ZodType)
      .flatMap(([name, child]) => keysOf(child, [...path, name], at(defaults, name)));
  }
  if (inner.schema instanceof z.ZodArray) return keysOf(inner.schema.element, path, undefined);
  const meta = inner.kind;
  if (meta === undefined) throw new Error(`Setting ${path.join('.')} has no kind.`);
  const choices = inner.schema instanceof z.ZodEnum ? inner.schema.options.map(String) : [];
  return [{ key: path.join('.'), ...meta, choices, nullable: inner.nullable, default: defaults }];
}

function unwrap(schema: z.core.$ZodType): {
  schema: z.core.$ZodType;
  kind: { kind: SettingKind; says: string } | undefined;
  nullable: boolean;
} {
  const kind = kinds.get(schema);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable) {
    const inner = unwrap(schema.unwrap());
    return { ...inner, kind: kind ?? inner.kind, nullable: inner.nullable || schema instanceof z.ZodNullable };
  }
  return { schema, kind, nullable: false };
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(key) : undefined;
