/** What the customer answered when asked for the give and get of key account care (step 3). */
import type { IsoDate } from './units.js';

export type Answer =
  | { is: 'accepted'; on: IsoDate; commitments: number; isEnough: boolean }
  | { is: 'declined'; on: IsoDate; reason: string | null; reaskOn: IsoDate | null }
  | { is: 'asked'; on: IsoDate }
  | { is: 'notAsked' };
