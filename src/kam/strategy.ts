/** Step 1: could this customer be a key account at all? Ratings by people and from the book, in three-valued logic. */
import sumBy from 'lodash/sumBy.js';
import { peopleRated, strategyCriteria, type PeopleRated, type StrategyCriterion } from './criteria.js';
import type { GroupFacts, Rating } from './facts.js';
import type { StrategyAnswer } from './funnel.js';
import { ratingsAt } from './rated.js';
import type { Settings } from './settings.js';
import type { Fraction } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

const ratings = [0, 1, 2, 3] as const;

/**
 * Answers the strategic gate.
 *
 * Shape:  passed when the weighted mean reaches the minimum, or when people rate one criterion 3 (setting).
 *         Undecided when some values of the unknown ratings would pass and others would fail.
 * Units:  means as fractions of 3.
 * Errors: none. An inactive or weightless criterion takes no part in the mean. Losing a rating never turns an answer
 *         into its opposite, only into undecided.
 * Source: Milz 2022, step 1; bands and weights are our choice and are settings.
 */
export function answerStrategy(facts: GroupFacts, settings: Settings): StrategyAnswer {
  const rated: Record<StrategyCriterion, Rating | Unknown> = {
    ...ratingsAt(facts.ratings, facts.rated, facts.asOf, settings),
    complexity: band(facts.familiesBought, settings.criterion.complexity),
    countries: isKnown(facts.countries) ? band(facts.countries, settings.criterion.countries) : unknown('noCountry'),
    sites: band(facts.sites, settings.criterion.sites),
  };
  const lowest = meanOf(fill(rated, 0), settings);
  const highest = meanOf(fill(rated, 3), settings);
  const outcomes = new Set(everyFilling(rated, settings).map((filled) => passes(filled, settings)));
  const result = outcomes.size > 1 ? 'undecided' : outcomes.has(true) ? 'passed' : 'failed';
  return {
    mean: knownMean(rated, settings),
    lowest,
    highest,
    ratings: rated,
    result,
    missing: result === 'undecided' ? peopleRated.filter((name) => couldTurn(name, rated, settings)) : [],
  };
}

/** The criterion by which the gate is passed alone, or null where the mean carries it. */
export function soleReason(answer: StrategyAnswer, settings: Settings): PeopleRated | null {
  if (!settings.strategy.oneIsEnough || isEnough(answer.lowest, settings)) return null;
  return peopleRated.find((name) => settings.criterion[name].active && answer.ratings[name] === 3) ?? null;
}

type Filled = Record<StrategyCriterion, Rating>;

function passes(filled: Filled, settings: Settings): boolean {
  const one = settings.strategy.oneIsEnough && peopleRated.some((n) => settings.criterion[n].active && filled[n] === 3);
  return one || isEnough(meanOf(filled, settings), settings);
}

/** Compared in hundredths of a percent, as people read it: rounding in the last digit of a weight decides nothing. */
export const isEnough = (mean: Fraction, { strategy: { minimumMean } }: Settings): boolean =>
  Math.round(mean * 10_000) >= Math.round(minimumMean * 10_000);

/** Whether, with all else as it could be, this one rating decides between pass and fail. */
function couldTurn(name: PeopleRated, rated: Record<StrategyCriterion, Rating | Unknown>, settings: Settings): boolean {
  if (isKnown(rated[name])) return false;
  return everyFilling({ ...rated, [name]: 0 }, settings).some(
    (filled) => !passes(filled, settings) && passes({ ...filled, [name]: 3 }, settings),
  );
}

/** Every way in which the unknown ratings of active criteria can turn out. */
function everyFilling(rated: Record<StrategyCriterion, Rating | Unknown>, settings: Settings): Filled[] {
  const open = strategyCriteria.filter((name) => settings.criterion[name].active && !isKnown(rated[name]));
  return open.reduce<Filled[]>(
    (fillings, name) => fillings.flatMap((filling) => ratings.map((rating) => ({ ...filling, [name]: rating }))),
    [fill(rated, 0)],
  );
}

function fill(rated: Record<StrategyCriterion, Rating | Unknown>, value: Rating): Filled {
  const of = (name: StrategyCriterion): Rating => {
    const rating = rated[name];
    return isKnown(rating) ? rating : value;
  };
  return {
    referenceCustomer: of('referenceCustomer'),
    opinionLeader: of('opinionLeader'),
    complexity: of('complexity'),
    countries: of('countries'),
    sites: of('sites'),
  };
}

function meanOf(filled: Filled, settings: Settings): Fraction {
  return weightedMean(
    strategyCriteria.map((name) => ({ name, rating: filled[name] })),
    settings,
  );
}

function knownMean(rated: Record<StrategyCriterion, Rating | Unknown>, settings: Settings): Fraction | Unknown {
  const known = strategyCriteria.flatMap((name) => {
    const rating = rated[name];
    return isKnown(rating) ? [{ name, rating }] : [];
  });
  return known.some(({ name }) => weightOf(name, settings) > 0) ? weightedMean(known, settings) : unknown('notRated');
}

function weightedMean(rated: { name: StrategyCriterion; rating: Rating }[], settings: Settings): Fraction {
  const weights = sumBy(rated, ({ name }) => weightOf(name, settings));
  return weights === 0 ? 0 : sumBy(rated, ({ name, rating }) => weightOf(name, settings) * rating) / (3 * weights);
}

const weightOf = (name: StrategyCriterion, settings: Settings): number =>
  settings.criterion[name].active ? settings.criterion[name].weight : 0;

function band(count: number, bands: Settings['criterion'][StrategyCriterion]): Rating {
  const reached = (from: number | null): boolean => from !== null && count >= from;
  return reached(bands.threeFrom) ? 3 : reached(bands.twoFrom) ? 2 : reached(bands.oneFrom) ? 1 : 0;
}
