/** What an admin can set, what it means and its defaults: the single truth that custom metadata, docs and code share. */
import { z } from 'zod';
import { scoreCriteria, strategyCriteria } from './criteria.js';
import { toCents, type Cents } from './units.js';

const fraction = z.number().min(0).max(1);
const money = z
  .number()
  .min(0)
  .transform((amount): Cents => toCents(amount * 100));
const weight = z.number().min(0);

/**
 * One score criterion: a weight on any common scale, and the three points of its piecewise-linear scale
 * (0, 50 and 100 points). Anchors are in the criterion's own unit: money per year in whole currency units, or a fraction.
 */
const scoreCriterion = z.object({
  active: z.boolean().default(true),
  weight,
  zeroAt: z.number().nullable().default(null),
  halfAt: z.number().nullable().default(null),
  fullAt: z.number().nullable().default(null),
});

/** One strategic criterion: a weight, and for computed ones the counts from which it is rated 1, 2 and 3. */
const strategyCriterion = z.object({
  active: z.boolean().default(true),
  weight,
  oneFrom: z.number().int().nullable().default(null),
  twoFrom: z.number().int().nullable().default(null),
  threeFrom: z.number().int().nullable().default(null),
});

export const reviewKinds = ['rate', 'ask', 'grow'] as const;
export type ReviewKind = (typeof reviewKinds)[number];

const reviewRule = z.object({
  active: z.boolean().default(true),
  dueDays: z.number().int().min(0).max(365).default(14),
  priority: z.enum(['High', 'Normal', 'Low']).default('Normal'),
  period: z.enum(['Month', 'Quarter', 'Year']).default('Quarter'),
  capPerOwner: z.number().int().min(0).nullable().default(null),
});

const family = z.object({
  family: z.string().min(1),
  aliasOf: z.string().min(1).nullable().default(null),
  margin: z.number().min(-1).max(1).nullable().default(null),
  inScope: z.boolean().default(true),
});

export const settingsSchema = z.object({
  language: z.enum(['en', 'de']).default('en'),
  revenue: z.object({ windows: z.number().int().min(1).max(5).default(3) }),
  segment: z.object({
    method: z.enum(['share', 'amount']).default('share'),
    revenueShare: fraction.default(0.8),
    potentialShare: fraction.default(0.8),
    minimumRevenue: money.default(1_400_000),
    minimumPotential: money.default(1_400_000),
    revenueLine: money.nullable().default(null),
    potentialLine: money.nullable().default(null),
    keepShare: fraction.default(0.9),
  }),
  potential: z.object({
    minimumPeers: z.number().int().min(2).default(8),
    quantile: fraction.default(0.8),
    realisation: fraction.default(0.25),
  }),
  strategy: z.object({
    minimumMean: fraction.default(0.5),
    oneIsEnough: z.boolean().default(true),
  }),
  score: z.object({
    threshold: z.number().min(0).max(100).default(60),
    minimumConfidence: fraction.default(0.5),
    capacity: z.number().int().min(1).nullable().default(35),
  }),
  source: z.object({
    years: z.number().int().min(1).max(20).default(5),
    opportunityFamilyField: z.string().min(1).nullable().default(null),
  }),
  safety: z.object({ maximumMoves: fraction.default(0.2) }),
  criterion: z.object({
    ...Object.fromEntries(strategyCriteria.map((name) => [name, strategyCriterion] as const)),
    ...Object.fromEntries(scoreCriteria.map((name) => [name, scoreCriterion] as const)),
  } as Record<(typeof strategyCriteria)[number], typeof strategyCriterion> &
    Record<(typeof scoreCriteria)[number], typeof scoreCriterion>),
  review: z.object(
    Object.fromEntries(reviewKinds.map((kind) => [kind, reviewRule])) as Record<ReviewKind, typeof reviewRule>,
  ),
  families: z.array(family).default([]),
});

export type Settings = z.infer<typeof settingsSchema>;
