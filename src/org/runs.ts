/** The org's own memory of runs: what happened, and the scale that later runs reuse. */
import { z } from 'zod';
import { addDays } from '../kam/calendar.js';
import type { MoneyAnchors } from '../kam/score.js';
import type { IsoDate } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { queryAll } from './query.js';
import { anchorsIn, anchorsQuery, runObject, runRefField, runUpsert, type RunRecord } from './records.js';

/** Anchors stand for a year, so that a score does not move because others moved. */
const ANCHORS_HOLD_DAYS = 365;

const anchor = z.union([
  z.object({ zero: z.number(), half: z.number(), full: z.number() }),
  z.object({ unknown: z.literal('noAnchors') }),
]);
const storedAnchors = z.object({ text: z.string(), since: z.string() });
const anchors = z.object({ potential: anchor, margin: anchor, risk: anchor });

/** Anchors that an earlier run took from its entrants, and the day since which they hold; null where none holds. */
export async function readAnchors(
  org: KamOrg,
  asOf: IsoDate,
): Promise<{ anchors: MoneyAnchors; since: IsoDate } | null> {
  const [record] = await queryAll(org, anchorsQuery(addDays(asOf, -ANCHORS_HOLD_DAYS), asOf));
  if (record === undefined) return null;
  const { text, since } = storedAnchors.parse(anchorsIn(record));
  return { anchors: anchors.parse(JSON.parse(text)), since };
}

/** Stores a run under its ref; the same run stored twice is one record. */
export async function writeRun(org: KamOrg, run: RunRecord): Promise<void> {
  const record = runUpsert(run);
  const results = z
    .array(
      z.object({ success: z.boolean(), errors: z.array(z.object({ statusCode: z.string(), message: z.string() })) }),
    )
    .parse(
      (
        await org.transport.send('PATCH', org.path(`composite/sobjects/${runObject}/${runRefField}`), {
          allOrNone: false,
          records: [record],
        })
      ).body,
    );
  const refused = results.find(({ success }) => !success)?.errors[0];
  if (refused !== undefined) throw new Error(`The run record was refused: ${refused.statusCode} ${refused.message}`);
}
