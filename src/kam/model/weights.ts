/** How much each term of the adoption model weighs, per standard deviation, in log-odds. */
import type { FeatureName } from './features.js';

export type Weights = Readonly<Record<FeatureName, number>>;

/** Weights before anything is learned. Source: kam12, 2.3: rounded from fits over six sales histories. */
export const priorWeights: Weights = {
  recentRate: 0.35,
  penetration: 0.25,
  peers: 0.3,
  companions: 0.35,
  lift: 0.15,
  lookalikes: 0.1,
  breadth: 0.2,
  youth: 0.1,
  recency: 0.25,
  revenue: 0.05,
  newcomer: 0.1,
  pace: 0.1,
};
