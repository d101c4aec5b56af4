/** The nightly run, as one sentence: pull, derive, assess, decide, plan, write, report. */
import { writeFileSync } from 'node:fs';
import countBy from 'lodash/countBy.js';
import { Messages, type Org } from '@salesforce/core';
import type { Book, GroupView } from '../book/book.js';
import { isDay, lastMonthEnd } from '../kam/calendar.js';
import type { Decision, GateResult } from '../kam/funnel.js';
import type { Staff } from '../kam/owners.js';
import type { MoneyAnchors } from '../kam/score.js';
import type { Settings } from '../kam/settings.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import { reasonsText } from '../kam/wording.js';
import type { KamOrg } from '../org/connect.js';
import { REFUSED } from '../org/exitCodes.js';
import { endLeftJob } from '../org/ingest.js';
import { openJournal } from '../org/journal.js';
import { guarded, type Lease } from '../org/lease.js';
import { sourceProblems } from '../org/preflight.js';
import { pullInto } from '../org/pull.js';
import { activeUser, inactiveUsers, readBenefits } from '../org/read.js';
import { wantsOf, type RunRecord } from '../org/records.js';
import { readAnchors, writeRun } from '../org/runs.js';
import type { Pace } from '../org/transport.js';
import { callsFor, growingPause, write, type Receipts, type WriteOptions } from '../org/write.js';
import type { Run, RunGroup, RunOutcome } from '../report/run.js';
import { assessBook, type Assessment } from './assess.js';
import { runDiff } from './runDiff.js';
import { decidedGroups, planFor, refusalOf, type Plan } from './plan.js';
import { failedRow } from './naming.js';
import { writePlanFile } from './planFile.js';
import { leaseFor, openSession, openWorkBook, statusOf, stopFor, type SessionOptions } from './session.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

export type SyncOptions = SessionOptions & {
  dryRun: boolean;
  /** Pulls everything anew, whatever the book knows. */
  full: boolean;
  /** Null for the end of the last month that is over by the org's own clock. */
  asOf: IsoDate | null;
  /** Overrides the safety valve's setting for this run. */
  maximumMoves: Fraction | null;
  version: string;
  /** Refuses a plan of more rows; null for as many as there are, on a first run for as many as the settings allow. */
  maximumWrites: number | null;
  /** Keeps the plan in this file, for `kam apply`; null for none. */
  planFile: string | null;
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
export async function sync(
  login: Org,
  apiVersion: string | undefined,
  options: SyncOptions,
  onProgress: OnProgress,
): Promise<Run> {
  const session = await openSession(login, apiVersion, options);
  const { org, atLast, settings, settingsFingerprint, state, startedAt, today } = session;
  const asOf = dayToAssess(options.asOf, today);
  const wants = wantsOf(settings, today, asOf);
  stopFor(await sourceProblems(org, wants));
  const watch = stopwatch(session.goOn);

  const book = await openWorkBook(state.workBook);
  let lease: Lease | null = null;
  try {
    if (!options.dryRun) {
      lease = await leaseFor(session);
      await endLeftJob(guarded(org, lease), state.results);
    }
    const writing = lease === null ? org : guarded(org, lease);
    const tables = await watch.time('pull', () =>
      pullInto(
        org,
        book,
        state.spool,
        { wants, startedAt, full: options.full, restUpTo: session.pace.readsByRest },
        (_, done, total) => onProgress('pull', done, total),
      ),
    );
    const notes = await watch.time('derive', () => book.derive(settings, asOf, today));
    const remembered = await readAnchors(org, asOf);
    const assessment = await watch.time('assess', () => assessBook(book, settings, remembered?.anchors ?? null));
    const staff = await staffOf(org, settings);
    const benefits = await readBenefits(org);
    const plan = await watch.time('decide', () => planFor(book, settings, { asOf, today, assessment, staff }));
    const diff = await watch.time('decide', () => runDiff(state.book, book, settings, assessment, today));
    const refusal =
      refusalOf(plan, options.maximumMoves ?? settings.safety.maximumMoves) ??
      tooMany(plan, options.maximumWrites, settings);
    const mayWrite = !options.dryRun && refusal === null && !plan.isEmpty;
    if (options.planFile !== null) {
      const { orgId, username } = org;
      const { version } = options;
      const head = { orgId, username, asOf, readAt: startedAt.toISOString(), settingsFingerprint, version };
      await writePlanFile(options.planFile, head, plan.changes());
    }
    const ref = lease?.ref ?? startedAt.toISOString();
    const receipts = mayWrite
      ? await watch.time('write', () =>
          writePlan(
            writing,
            plan,
            { journal: state.journal, file: state.results, ref, now: startedAt, pace: session.pace },
            onProgress,
          ),
        )
      : nothingWritten;

    const run: Run = {
      ref,
      orgId: org.orgId,
      username: org.username,
      asOf,
      startedAt: startedAt.toISOString(),
      finishedAt: (await org.now()).toISOString(),
      dryRun: options.dryRun,
      firstRun: plan.classified === 0,
      outcome: outcomeOf(plan, refusal, options.dryRun, receipts),
      ...(await pictureOf(book, settings, assessment.robustness)),
      diff,
      lines: assessment.lines,
      scale: assessment.scale,
      threshold: settings.score.threshold,
      plan: countsOf(plan),
      written: receipts.written,
      failed: receipts.failed.map(failedRow),
      errors: countBy(receipts.failed, ({ errors }) => errors[0]?.code ?? 'UNKNOWN'),
      retried: { rows: receipts.retried, requests: org.transport.retries() },
      notes: [...notes, ...plan.notes],
      losses: session.losses,
      // The run's own record, and a look at the lease before it, are two more calls.
      apiCalls: org.apiCalls() + (options.dryRun ? 0 : 2),
      rowsRead: tables.reduce((sum, { rows }) => sum + rows, 0),
      durations: watch.durations,
      settingsFingerprint,
      currency: settings.currency,
      version: options.version,
    };
    if (!options.dryRun)
      await writeRun(
        lease === null ? atLast : guarded(atLast, lease),
        recordOf(run, assessment.anchors, remembered?.since ?? asOf),
      );
    await book.remember('run', run);
    await book.remember('settings', settings);
    await book.remember('benefits', benefits);
    await book.remember(
      'unread',
      tables.filter(({ how }) => how === 'left out').map(({ table }) => table),
    );
    await book.remember('robustness', Object.fromEntries(assessment.robustness));
    await book.publish(state.book);
    writeFileSync(state.run, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
    return run;
  } catch (error) {
    await lease?.abandon(statusOf(error), error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    lease?.release();
    await book.close();
  }
}

async function staffOf(org: KamOrg, { tasks: { fallbackOwner } }: Settings): Promise<Staff> {
  const fallback = fallbackOwner === null ? null : await activeUser(org, fallbackOwner);
  return { inactive: await inactiveUsers(org), fallback };
}

function dayToAssess(asOf: IsoDate | null, today: IsoDate): IsoDate {
  if (asOf === null) return lastMonthEnd(today);
  if (!isDay(asOf)) throw messages.createError('error.AsOfNotADay', [asOf], [], REFUSED);
  if (asOf > today) throw messages.createError('error.AsOfInFuture', [asOf, today], [], REFUSED);
  return asOf;
}

async function writePlan(
  org: KamOrg,
  plan: Plan,
  { journal: file, ...night }: { journal: string; pace: Pace } & Pick<WriteOptions, 'ref' | 'now' | 'file'>,
  onProgress: OnProgress,
): Promise<Receipts> {
  const journal = openJournal(file);
  try {
    journal.begin(night.ref);
    return await write(org, plan.changes(), journal, {
      ...night,
      pause: growingPause(night.pace),
      onWritten: (done) => onProgress('write', done, plan.rows),
    });
  } finally {
    journal.close();
  }
}

const nothingWritten: Receipts = { written: 0, failed: [], retried: 0, left: 0 };

/** What was not written for safety's sake: too much would move, or too much would be written. */
type Refused = Extract<RunOutcome, { is: 'refused' | 'tooMany' }>;

/** Null where a plan has no more rows than the caller, or on a first run the admin, allows. */
function tooMany(plan: Plan, maximum: number | null, { safety }: Settings): Refused | null {
  const limit = maximum ?? (plan.classified === 0 ? safety.firstRunWrites : null);
  return limit === null || plan.rows <= limit ? null : { is: 'tooMany', rows: plan.rows, limit };
}

function outcomeOf(plan: Plan, refusal: Refused | null, dryRun: boolean, receipts: Receipts): RunOutcome {
  if (refusal !== null) return refusal;
  if (plan.isEmpty) return { is: 'nothingToDo' };
  if (dryRun) return { is: 'planned' };
  const { failed, left } = receipts;
  return failed.length + left > 0 ? { is: 'partial', failed: failed.length, left } : { is: 'done' };
}

function countsOf(plan: Plan): Run['plan'] {
  const { accounts, fields, families, history, opened, closed, remembers, moved, classified, rows, rowsOf, hash } =
    plan;
  const apiCalls = callsFor(rowsOf);
  return { accounts, fields, families, history, opened, closed, remembers, moved, classified, rows, apiCalls, hash };
}

type Picture = Pick<Run, 'accounts' | 'groups' | 'segments' | 'tiers' | 'gates' | 'candidates' | 'undecided'>;

/** Who stands where, and the groups that a person should look at first. */
async function pictureOf(book: Book, settings: Settings, robustness: Assessment['robustness']): Promise<Picture> {
  const results = (): Record<GateResult, number> => ({ passed: 0, failed: 0, open: 0, undecided: 0 });
  const picture: Picture = {
    accounts: 0,
    groups: 0,
    segments: { top: 0, development: 0, base: 0, small: 0, unknown: 0 },
    tiers: { key: 0, candidate: 0, large: 0, standard: 0 },
    gates: { segment: results(), strategy: results(), score: results(), ask: results() },
    candidates: [],
    undecided: [],
  };
  for await (const batch of decidedGroups(book)) {
    for (const { view, decision } of batch) {
      picture.groups += 1;
      picture.accounts += view.standings.length;
      picture.segments[decision.segment] += 1;
      picture.tiers[decision.tier] += 1;
      picture.gates[decision.gate][decision.gateResult] += 1;
      const group = (): RunGroup => groupOf(view, decision, settings, robustness);
      if (decision.tier === 'candidate') keepBest(picture.candidates, group());
      else if (decision.nextStep.is === 'rate') keepBest(picture.undecided, group());
    }
  }
  return picture;
}

function groupOf(
  { facts, potential }: GroupView,
  decision: Decision,
  settings: Settings,
  robustness: Assessment['robustness'],
): RunGroup {
  return {
    groupId: facts.groupId,
    name: facts.name,
    segment: decision.segment,
    tier: decision.tier,
    score: decision.score.points,
    confidence: decision.score.confidence,
    revenue: facts.yearlyRevenue,
    additionalPotential: potential.additional,
    robustness: decision.tier === 'candidate' ? (robustness.get(facts.groupId) ?? 0) : null,
    reasons: decision.reasons,
    nextStep: decision.nextStep,
    text: reasonsText(decision, settings),
  };
}

/** Keeps the list sorted by score and short, however many groups there are. */
function keepBest(list: RunGroup[], group: RunGroup): void {
  const points = ({ score }: RunGroup): number => (isKnown(score) ? score : -1);
  list.push(group);
  list.sort((a, b) => points(b) - points(a) || (a.groupId < b.groupId ? -1 : 1));
  if (list.length > NAMED) list.pop();
}

function recordOf(run: Run, anchors: MoneyAnchors, since: IsoDate): RunRecord {
  const { segments, tiers, gates, lines, plan, notes, losses, durations, scale, threshold } = run;
  return {
    ref: run.ref,
    asOf: run.asOf,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    status: ['refused', 'tooMany'].includes(run.outcome.is)
      ? 'Refused'
      : run.outcome.is === 'partial'
        ? 'Partial'
        : 'Done',
    accounts: run.accounts,
    groups: run.groups,
    candidates: tiers.candidate,
    changes: plan.rows,
    writes: run.written,
    failedRows: run.failed.length,
    apiCalls: run.apiCalls,
    summary: JSON.stringify({
      segments,
      tiers,
      gates,
      lines,
      threshold,
      calibrated: scale.calibrated,
      plan,
      durations,
      errors: run.errors,
      retried: run.retried,
      moved: run.diff === null ? null : { since: run.diff.since, groups: run.diff.groups, causes: run.diff.causes },
    }),
    anchors: JSON.stringify(anchors),
    anchorsOn: since,
    settingsFingerprint: run.settingsFingerprint,
    version: run.version,
    message: [
      ...notes.map(({ is, count, examples }) => `${is}: ${count} (${examples.join(', ')})`),
      ...losses.map(({ what }) => what),
    ]
      .join('\n')
      .slice(0, 32_000),
  };
}

/** Measures the steps of a run. */
function stopwatch(goOn: () => void): {
  durations: Run['durations'];
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
} {
  const durations = { pull: 0, derive: 0, assess: 0, decide: 0, write: 0 };
  return {
    durations,
    time: async (stage, work) => {
      goOn();
      const from = performance.now();
      try {
        return await work();
      } finally {
        durations[stage] += Math.round(performance.now() - from);
      }
    },
  };
}
