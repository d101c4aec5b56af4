/** The nightly run, as one sentence: pull, derive, assess, decide, plan, write, report. */
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { Messages, SfError, type Org } from '@salesforce/core';
import { openBook, type Book, type BookNote } from '../book/book.js';
import { isDay, lastMonthEnd } from '../kam/calendar.js';
import type { Decision } from '../kam/funnel.js';
import { canonicalSettings, type Settings } from '../kam/settings.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import { reasonsText } from '../kam/wording.js';
import { connect, type KamOrg } from '../org/connect.js';
import { preflight } from '../org/preflight.js';
import { pull, readSettings } from '../org/read.js';
import { labels } from '../org/records.js';
import { readAnchors, writeRun } from '../org/runs.js';
import { write } from '../org/write.js';
import type { Loss, Run, RunGroup } from '../report/run.js';
import { assessBook, type Assessment } from './assess.js';
import { decidedGroups, planFor, refusalOf, type Plan } from './plan.js';
import { stateOf } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

export type SyncOptions = {
  dryRun: boolean;
  /** Null for the end of the last month that is over by the org's own clock. */
  asOf: IsoDate | null;
  /** Overrides the safety valve's setting for this run. */
  maximumMoves: Fraction | null;
  version: string;
  /** The environment, for where state is kept. */
  env: NodeJS.ProcessEnv;
};

export type Stage = keyof Run['durations'];
export type OnProgress = (stage: Stage, done: number, total: number | null) => void;

/** How many groups of a kind a run names. */
const NAMED = 10;

/**
 * Runs the job once against an org.
 *
 * Errors: `PreflightFailedError` (exit 3) before anything is read when the org is not ready; usage errors (exit 2).
 *         A refusal by the safety valve and rows that the org refuses are data in the run, not errors.
 */
export async function sync(login: Org, apiVersion: string | undefined, options: SyncOptions, onProgress: OnProgress): Promise<Run> {
  const org = await connect(login, apiVersion);
  const losses = await passPreflight(org);
  const settings = await readSettings(org);
  const startedAt = await org.now();
  const today = startedAt.toISOString().slice(0, 10);
  const asOf = dayToAssess(options.asOf, today);
  const state = stateOf(org.orgId, options.env);
  const time = stopwatch();

  const book = await openWorkBook(state.workBook);
  try {
    const rowsRead = await time('pull', () => pullInto(book, org, state.spool, settings, { asOf, today }, onProgress));
    const notes = await time('derive', () => book.derive(settings, asOf, today));
    const remembered = await readAnchors(org, asOf);
    const assessment = await time('assess', () => assessBook(book, settings, remembered?.anchors ?? null));
    const plan = await time('decide', () => planFor(book, settings, asOf, today));
    const limit = options.maximumMoves ?? settings.safety.maximumMoves;
    const refusal = refusalOf(plan, limit);
    const picture = await pictureOf(book, settings);

    const run: Run = {
      ref: `${today}|${startedAt.toISOString()}`.slice(0, 40),
      orgId: org.orgId,
      username: org.username,
      asOf,
      startedAt: startedAt.toISOString(),
      finishedAt: startedAt.toISOString(),
      dryRun: options.dryRun,
      firstRun: plan.classified === 0,
      outcome: plan.isEmpty ? { is: 'nothingToDo' } : { is: 'planned' },
      ...picture,
      lines: assessment.lines,
      scale: assessment.scale,
      threshold: settings.score.threshold,
      plan: {
        accounts: plan.accounts,
        fields: plan.fields,
        opened: plan.opened,
        closed: plan.closed,
        moved: plan.moved,
        classified: plan.classified,
        hash: plan.hash,
      },
      written: 0,
      failed: [],
      notes: [...notes],
      losses,
      apiCalls: org.apiCalls(),
      rowsRead,
      durations: time.durations,
      settingsFingerprint: createHash('sha256').update(canonicalSettings(settings)).digest('hex'),
      currency: settings.currency,
      version: options.version,
    };
    if (refusal !== null) run.outcome = { is: 'refused', ...refusal };
    if (!options.dryRun) {
      const anchors = { ...assessment.anchors };
      await time('write', () => writeChanges(run, plan, org, { anchors, since: remembered?.since ?? asOf }, onProgress));
    }
    run.finishedAt = (await org.now()).toISOString();
    run.apiCalls = org.apiCalls();
    if (!options.dryRun) await writeRun(org, run, { anchors: assessment.anchors, since: remembered?.since ?? asOf });

    await book.remember('run', run);
    await book.remember('settings', settings);
    await book.publish(state.book);
    writeFileSync(state.run, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
    return run;
  } finally {
    await book.close();
    rmSync(state.spool, { recursive: true, force: true });
  }
}
