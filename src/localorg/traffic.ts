/** How many API calls the org has taken, and how many it takes in a day. */

export type Traffic = {
  /** A request that counts as an API call; `writes` where it may write. */
  count(writes: boolean): void;
  /** Calls that came here, without those that a fault made up. */
  calls(): { all: number; writes: number };
  /** What the org says of itself: calls of today, others' too, and how many it grants. */
  usage(): { used: number; max: number };
  /** Whether a day's calls are used up and this one, counted or still to come, is too many. */
  isOver(call: 'counted' | 'coming'): boolean;
  /** Lets others have used up all but so many calls; null for no others. */
  leave(left: number | null): void;
};

export function openTraffic(max: number): Traffic {
  const calls = { all: 0, writes: 0 };
  let others = 0;
  return {
    count: (writes) => {
      calls.all += 1;
      if (writes) calls.writes += 1;
    },
    calls: () => ({ ...calls }),
    usage: () => ({ used: Math.min(max, calls.all + others), max }),
    isOver: (call) => calls.all + others + (call === 'counted' ? 0 : 1) > max,
    leave: (left) => {
      others = left === null ? 0 : max - left - calls.all;
    },
  };
}
