/** Since when people's ratings stand as they do: the worker's memory on the account tells which of them changed. */
import { addMonths } from './calendar.js';
import { peopleRated, type PeopleRated } from './criteria.js';
import type { Rating } from './facts.js';
import type { Settings } from './settings.js';
import type { IsoDate } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

export type PeoplesRatings = Record<PeopleRated, Rating | Unknown>;

/** What the worker remembers of an account's ratings after it has looked at them. */
export type SeenRatings = {
  /** One line: each rating with the day since which it stands, and a checksum of the evidence; null without ratings. */
  memory: string | null;
  /** The day of the latest change; null without ratings. */
  on: IsoDate | null;
  since: Record<PeopleRated, IsoDate | null>;
};

/**
 * Compares the ratings with what was remembered of them.
 *
 * Shape:  a rating that is not remembered so stands since today. One date for both would not tell which of them changed,
 *         so each has its own. New evidence confirms all ratings: they stand since today again.
 * Errors: none. What was rated before there was a memory stands since `ratedOn`, or since today where nobody knows.
 */
export function seenRatings(
  entered: PeoplesRatings,
  evidence: string | null,
  stood: { memory: string | null; ratedOn: IsoDate | null },
  today: IsoDate,
): SeenRatings {
  const before = remembered(stood.memory);
  const proof = `evidence ${checksum(evidence)}`;
  const isConfirmed = before !== null && !before.includes(proof);
  const sinceOf = (name: PeopleRated): IsoDate | null => {
    const rating = entered[name];
    if (!isKnown(rating)) return null;
    if (before === null) return stood.ratedOn ?? today;
    const [, , since = today] = before.find((part) => part.startsWith(`${name} ${rating} `))?.split(' ') ?? [];
    return isConfirmed ? today : since;
  };
  const since = { referenceCustomer: sinceOf('referenceCustomer'), opinionLeader: sinceOf('opinionLeader') };
  const parts = peopleRated.flatMap((name) => {
    const [rating, day] = [entered[name], since[name]];
    return isKnown(rating) && day !== null ? [`${name} ${rating} ${day}`] : [];
  });
  return {
    memory: parts.length === 0 ? null : [...parts, proof].join('; '),
    on: [since.referenceCustomer, since.opinionLeader].reduce(later, null),
    since,
  };
}

const remembered = (memory: string | null): string[] | null => (memory === null ? null : memory.split('; '));

const later = (a: IsoDate | null, b: IsoDate | null): IsoDate | null => (a === null || (b !== null && b > a) ? b : a);

/** Tells two texts apart, whatever spaces and line ends the CRM makes of them. */
function checksum(text: string | null): string {
  const words = (text ?? '').replaceAll(/\s+/g, ' ').trim();
  return new TextEncoder()
    .encode(words)
    .reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7)
    .toString(36);
}

/** The ratings that still count at a day: one that has stood for longer than the setting allows is unknown. */
export function ratingsAt(
  ratings: PeoplesRatings,
  { since }: SeenRatings,
  asOf: IsoDate,
  { strategy: { ratingMonths } }: Settings,
): PeoplesRatings {
  const counting = (name: PeopleRated): Rating | Unknown => {
    const day = since[name];
    const isOld = ratingMonths !== null && day !== null && addMonths(day, ratingMonths) <= asOf;
    return isOld ? unknown('ratingOld') : ratings[name];
  };
  return { referenceCustomer: counting('referenceCustomer'), opinionLeader: counting('opinionLeader') };
}
