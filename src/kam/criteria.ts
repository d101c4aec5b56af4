/** The criteria of the two computed steps, by name; their weights and scales are settings. */

/** Step 1, rated 0–3: the first two by people with evidence, the others computed from the book. */
export const strategyCriteria = ['referenceCustomer', 'opinionLeader', 'complexity', 'countries', 'sites'] as const;
export type StrategyCriterion = (typeof strategyCriteria)[number];

/** The strategic criteria that only people can rate. */
export const peopleRated = ['referenceCustomer', 'opinionLeader'] as const satisfies readonly StrategyCriterion[];
export type PeopleRated = (typeof peopleRated)[number];

/** Step 2, hard figures, scored 0–100. `potential`, `margin` and `risk` are money per year; `breadth` and `growth` are fractions. */
export const scoreCriteria = ['potential', 'margin', 'risk', 'breadth', 'growth'] as const;
export type ScoreCriterion = (typeof scoreCriteria)[number];

export const moneyCriteria = ['potential', 'margin', 'risk'] as const satisfies readonly ScoreCriterion[];
