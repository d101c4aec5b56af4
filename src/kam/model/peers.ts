/** Comparable accounts: groupings by industry, country and size, by parent and by region, and what each group owns. */
import { quantile } from './distribution.js';
import { BLANK, isOwned, type TraitColumn, type View } from './view.js';

/**
 * One way to call accounts comparable.
 *
 * Shape:  `group` per account (`BLANK`: the grouping says nothing of it); `accounts` and `owners` per group, the owners
 *         sparse: families that anyone in the group owns, from `start[g]` up to `start[g + 1]`.
 */
export type Grouping = {
  readonly by: GroupingKind;
  readonly group: Int32Array;
  readonly accounts: Int32Array;
  readonly start: Int32Array;
  readonly family: Int32Array;
  readonly owners: Int32Array;
};

export type GroupingKind = 'industryAndSize' | 'countryAndSize' | 'parent' | 'region' | 'size';

/** Shares of accounts that must have a value before a grouping by it is used. */
const FILLED = { industry: 0.5, employees: 0.5, parent: 0.2, region: 0.2 } as const;

/**
 * The groupings that the view's accounts have enough values for; size alone where there is no other.
 *
 * Source: reference model kam12, feature `d_peer`. Size is employees where most accounts have them, else revenue.
 */
export function groupingsOf(view: View): Grouping[] {
  const { industry, country, region, parent } = view.accounts.traits;
  const size = thirdsOf(sizes(view));
  const groups: { by: GroupingKind; group: Int32Array }[] = [];
  if (filled(industry.code) > FILLED.industry) groups.push({ by: 'industryAndSize', group: bySize(industry, size) });
  if (country.labels.length > 1) groups.push({ by: 'countryAndSize', group: bySize(country, size) });
  if (filled(parent.code) > FILLED.parent) groups.push({ by: 'parent', group: parent.code });
  if (filled(region.code) > FILLED.region) groups.push({ by: 'region', group: region.code });
  if (groups.length === 0) groups.push({ by: 'size', group: size });
  return groups.map(({ by, group }) => ({ by, group, ...ownership(view, group) }));
}

const filled = (code: Int32Array): number =>
  code.reduce((count, value) => count + (value === BLANK ? 0 : 1), 0) / code.length;

function sizes(view: View): Float64Array {
  const { employees, revenue } = view.accounts;
  const known = employees.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  return known / employees.length > FILLED.employees ? employees : revenue;
}

/** The third in which each value lies, 0 to 2; equal values together, unknown ones with the smallest. */
function thirdsOf(values: Float64Array): Int32Array {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const line = (third: number): number => quantile(known, third / 3);
  const [low, high] = [line(1), line(2)];
  return Int32Array.from(values, (value) => (value > high ? 2 : value > low ? 1 : 0));
}

/** Accounts without an industry (country) are compared with the others without one: behind the named ones. */
function bySize({ code, labels }: TraitColumn, size: Int32Array): Int32Array {
  return code.map((value, account) => (value === BLANK ? labels.length : value) * 3 + size[account]!);
}

function ownership(view: View, group: Int32Array): Omit<Grouping, 'by' | 'group'> {
  const { holdings, families } = view;
  const groups = group.reduce((most, value) => Math.max(most, value + 1), 0);
  const accounts = new Int32Array(groups);
  const members = new Int32Array(groups + 1);
  for (const value of group) {
    if (value === BLANK) continue;
    accounts[value]!++;
    members[value + 1]!++;
  }
  for (let next = 1; next <= groups; next++) members[next]! += members[next - 1]!;
  const order = new Int32Array(members[groups]!);
  const at = members.slice();
  group.forEach((value, account) => {
    if (value !== BLANK) order[at[value]!++] = account;
  });

  const start = new Int32Array(groups + 1);
  const family: number[] = [];
  const owners: number[] = [];
  const count = new Int32Array(families.length);
  for (let value = 0; value < groups; value++) {
    count.fill(0);
    for (let m = members[value]!; m < members[value + 1]!; m++) {
      const account = order[m]!;
      for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
        if (isOwned(holdings, entry)) count[holdings.family[entry]!]!++;
      }
    }
    count.forEach((owned, f) => {
      if (owned === 0) return;
      family.push(f);
      owners.push(owned);
    });
    start[value + 1] = family.length;
  }
  return { accounts, start, family: Int32Array.from(family), owners: Int32Array.from(owners) };
}
