/** What an admin can set, what it means and its defaults: the single truth that custom metadata, docs and code share. */
import { z } from 'zod';
import {
  moneyCriteria,
  scoreCriteria,
  strategyCriteria,
  type ScoreCriterion,
  type StrategyCriterion,
} from './criteria.js';
import { toCents, type Cents } from './units.js';

/** What a setting measures; it says which metadata type holds it and how people write it. */
export type SettingKind = 'fraction' | 'money' | 'points' | 'count' | 'flag' | 'choice' | 'text' | 'anchor';

const kinds = z.registry<{ kind: SettingKind; says: string }>();

const fraction = (says: string) => z.number().min(0).max(1).register(kinds, { kind: 'fraction', says });
const money = (says: string) =>
  z
    .number()
    .min(0)
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
const anchor = (says: string) => z.number().register(kinds, { kind: 'anchor', says });

const cents = (amount: number): Cents => toCents(amount * 100);
const MAXIMUM_WEIGHT = 9999;

function scoreCriterion(weight: number, anchors: readonly [number, number, number] | null) {
  const unit = 'Money per year for Potential, Margin and Risk; percent for Breadth and Growth.';
  return z.object({
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
  return z.object({
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

export const reviewKinds = ['rate', 'ask', 'grow'] as const;
export type ReviewKind = (typeof reviewKinds)[number];

function reviewRule(dueDays: number, priority: 'High' | 'Normal' | 'Low', period: 'Month' | 'Quarter' | 'Year') {
  return z.object({
    active: flag('Whether tasks of this kind are opened.').default(true),
    dueDays: count('Days from the run to the due date.', 0, 365).default(dueDays),
    priority: choice('Priority of the task.', ['High', 'Normal', 'Low']).default(priority),
    period: choice('A task of this kind comes back at most once per period.', ['Month', 'Quarter', 'Year']).default(
      period,
    ),
    capPerOwner: count('Open tasks of this kind that one owner gets at most; empty for no limit.', 0, 9999)
      .nullable()
      .default(10),
  });
}

const family = z.object({
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

export const settingsSchema = z.object({
  language: choice('Language of what sales people read in the CRM.', ['en', 'de']).default('en'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .register(kinds, {
      kind: 'text',
      says: 'ISO code of the corporate currency, for words only; empty: amounts carry no symbol.',
    })
    .nullable()
    .default(null),
  revenue: z
    .object({ windows: count('12-month windows that yearly revenue is the mean of.', 1, 5).default(3) })
    .prefault({}),
  segment: z
    .object({
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
    .object({
      minimumPeers: count('Accounts that a peer group needs.', 2, 9999).default(8),
      quantile: fraction('Share of wallet of comparable buyers that up-selling aims at, as a quantile.').default(0.8),
      realisation: fraction('Share of the wallet gap that is expected to be won in a year.').default(0.25),
    })
    .prefault({}),
  strategy: z
    .object({
      minimumMean: fraction('Weighted mean of the strategic ratings that passes the gate.').default(0.5),
      oneIsEnough: flag('One criterion rated 3 by people passes the gate.').default(true),
    })
    .prefault({}),
  score: z
    .object({
      threshold: points('Score that must be exceeded.', 100).default(60),
      minimumConfidence: fraction('Share of the weights that must rest on known figures.').default(0.5),
      capacity: count('Key accounts and candidates that the programme can care for; empty for no cap.', 1, 99_999)
        .nullable()
        .default(35),
    })
    .prefault({}),
  source: z
    .object({
      years: count('Years of won opportunities that are read.', 1, 20).default(5),
      opportunityFamilyField: text('Opportunity field that names the product family where there are no products.')
        .nullable()
        .default(null),
    })
    .prefault({}),
  safety: z
    .object({
      maximumMoves: fraction('Share of classified accounts that may change tier or segment in one run.').default(0.2),
    })
    .prefault({}),
  criterion: z
    .object({
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
    .object({
      rate: reviewRule(21, 'Normal', 'Quarter').prefault({}),
      ask: reviewRule(30, 'High', 'Year').prefault({}),
      grow: reviewRule(30, 'Normal', 'Quarter').prefault({}),
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
 * Shape:  `raw` is nested as the schema; what is missing or null takes its default, an unknown name is a problem.
 * Units:  in: money in whole currency units, shares as fractions. Out: money in cents.
 * Errors: none thrown; every problem is returned, and then there are no settings.
 */
export function parseSettings(raw: unknown): { settings: Settings } | { problems: SettingsProblem[] } {
  const parsed = settingsSchema.safeParse(raw, { reportInput: true });
  if (!parsed.success) {
    return {
      problems: parsed.error.issues.map((issue) => ({
        path: issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
        value: issue.input,
        expected: expectedIn(issue),
      })),
    };
  }
  const settings = inCents(parsed.data);
  const problems = crossChecks(parsed.data);
  return problems.length > 0 ? { problems } : { settings };
}

export function defaultSettings(): Settings {
  return inCents(settingsSchema.parse({}));
}

/** The settings as one canonical text: equal settings give equal text, whatever order they were read in. */
export function canonicalSettings(settings: Settings): string {
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
  ];
}

function weightChecks(settings: Settings, names: readonly (StrategyCriterion | ScoreCriterion)[]): SettingsProblem[] {
  const total = names.reduce(
    (sum, name) => sum + (settings.criterion[name].active ? settings.criterion[name].weight : 0),
    0,
  );
  if (total > 0) return [];
  const [first] = names;
  return [
    {
      path: ['criterion', first ?? '', 'weight'],
      value: 0,
      expected: `at least one active criterion of ${names.join(', ')} with a weight above 0`,
    },
  ];
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
  const { oneFrom, twoFrom, threeFrom } = settings.criterion[name];
  const rising = (lower: number | null, upper: number | null): boolean =>
    lower === null || upper === null || lower < upper;
  return [
    ...(rising(oneFrom, twoFrom)
      ? []
      : [
          {
            path: ['criterion', name, 'twoFrom'],
            value: twoFrom,
            expected: `more than the count for rating 1 (${oneFrom})`,
          },
        ]),
    ...(rising(twoFrom, threeFrom)
      ? []
      : [
          {
            path: ['criterion', name, 'threeFrom'],
            value: threeFrom,
            expected: `more than the count for rating 2 (${twoFrom})`,
          },
        ]),
  ];
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

function expectedIn(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `${issue.minimum} or more`;
    case 'too_big':
      return `${issue.maximum} or less`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
    case 'invalid_format':
      return 'three capital letters, such as EUR';
    case 'unrecognized_keys':
      return `no ${issue.keys.join(', ')}`;
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message;
  }
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
export function settingKeys(): SettingKey[] {
  return keysOf(settingsSchema, [], defaultSettings());
}

function keysOf(schema: z.core.$ZodType, path: string[], defaults: unknown): SettingKey[] {
  const inner = unwrap(schema);
  if (inner.schema instanceof z.ZodObject) {
    return Object.entries(inner.schema.shape).flatMap(([name, child]) =>
      child instanceof z.core.$ZodType ? keysOf(child, [...path, name], at(defaults, name)) : [],
    );
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
