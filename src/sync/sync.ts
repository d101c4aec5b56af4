/** The nightly run, as one sentence: pull, derive, assess, decide, plan, write, report. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { Messages, SfError, type Org } from '@salesforce/core';
import { openBook, type Book, type GroupView } from '../book/book.js';
import { isDay, lastMonthEnd } from '../kam/calendar.js';
import type { Decision, GateResult } from '../kam/funnel.js';
import type { Staff } from '../kam/owners.js';
import type { MoneyAnchors } from '../kam/score.js';
import { canonicalSettings, type Settings } from '../kam/settings.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import { reasonsText } from '../kam/wording.js';
import { withinBudget } from '../org/budget.js';
import { connect, PREFLIGHT_FAILED, type KamOrg } from '../org/connect.js';
import { guarded, STOPPED, takeLease, type Lease } from '../org/lease.js';
import { preflight, sourceProblems, type Problem } from '../org/preflight.js';
import { pullInto } from '../org/pull.js';
import { activeUser, inactiveUsers, readSettings } from '../org/read.js';
import { wantsOf, type RunRecord } from '../org/records.js';
import { readAnchors, writeRun } from '../org/runs.js';
import { write, type FailedChange, type Receipts } from '../org/write.js';
import type { FailedRow, Loss, Run, RunGroup, RunOutcome } from '../report/run.js';
import { assessBook, type Assessment } from './assess.js';
import { decidedGroups, planFor, refusalOf, type Plan, type Refusal } from './plan.js';
import { stateOf } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

export type SyncOptions = {
  dryRun: boolean;
  /** Pulls everything anew, whatever the book knows. */
  full: boolean;
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

const WRONG_USAGE = 2;

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
  const connected = await connect(login, apiVersion);
  const losses = await passPreflight(connected);
  const settings = await readSettings(connected);
  const { apiRunShare, apiSoftStop, apiHardStop } = settings.safety;
  const org = withinBudget(connected, { run: apiRunShare, stop: apiSoftStop });
  // What a stopped run still has to say of itself.
  const atLast = withinBudget(connected, { run: 1, stop: apiHardStop });
  const startedAt = await org.now();
  const today = startedAt.toISOString().slice(0, 10);
  const asOf = dayToAssess(options.asOf, today);
  const wants = wantsOf(settings, today, asOf);
  stopFor(await sourceProblems(org, wants));
  const state = stateOf(org.orgId, options.env);
  const watch = stopwatch();

  const book = await openWorkBook(state.workBook);
  let lease: Lease | null = null;
  try {
    if (!options.dryRun) {
      lease = await takeLease(atLast, startedAt, { machine: state.machine, host: hostname(), process: pid });
    }
    const writing = lease === null ? org : guarded(org, lease);
    const tables = await watch.time('pull', () =>
      pullInto(org, book, state.spool, { wants, startedAt, full: options.full }, (_, done, total) =>
        onProgress('pull', done, total),
      ),
    );
    const notes = await watch.time('derive', () => book.derive(settings, asOf, today));
    const remembered = await readAnchors(org, asOf);
    const assessment = await watch.time('assess', () => assessBook(book, settings, remembered?.anchors ?? null));
    const staff = await staffOf(org, settings);
    const plan = await watch.time('decide', () => planFor(book, settings, { asOf, today, assessment, staff }));
    const refusal = refusalOf(plan, options.maximumMoves ?? settings.safety.maximumMoves);
    const mayWrite = !options.dryRun && refusal === null && !plan.isEmpty;
    const receipts = mayWrite ? await watch.time('write', () => writePlan(writing, plan, onProgress)) : nothingWritten;

    const run: Run = {
      ref: lease?.ref ?? startedAt.toISOString(),
      orgId: org.orgId,
      username: org.username,
      asOf,
      startedAt: startedAt.toISOString(),
      finishedAt: (await org.now()).toISOString(),
      dryRun: options.dryRun,
      firstRun: plan.classified === 0,
      outcome: outcomeOf(plan, refusal, options.dryRun, receipts),
      ...(await pictureOf(book, settings, assessment.robustness)),
      lines: assessment.lines,
      scale: assessment.scale,
      threshold: settings.score.threshold,
      plan: countsOf(plan),
      written: receipts.written,
      failed: receipts.failed.map(failedRow),
      notes: [...notes, ...plan.notes],
      losses,
      // The run's own record, and a look at the lease before it, are two more calls.
      apiCalls: org.apiCalls() + (options.dryRun ? 0 : 2),
      rowsRead: tables.reduce((sum, { rows }) => sum + rows, 0),
      durations: watch.durations,
      settingsFingerprint: createHash('sha256').update(canonicalSettings(settings)).digest('hex'),
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

const statusOf = (error: unknown): 'Stopped' | 'Failed' =>
  error instanceof SfError && error.exitCode === STOPPED ? 'Stopped' : 'Failed';

/** What the full job would need and this org lacks, where it can run all the same. */
async function passPreflight(org: KamOrg): Promise<Loss[]> {
  const problems = await preflight(org);
  stopFor(problems);
  return problems.map(({ what, remedy }) => ({ what, remedy }));
}

function stopFor(problems: readonly Problem[]): void {
  const stopping = problems.filter(({ severity }) => severity === 'stops');
  if (stopping.length === 0) return;
  const list = stopping.map(({ what, remedy }) => `- ${what} ${remedy}`).join('\n');
  throw messages.createError('error.PreflightFailed', [list], [], PREFLIGHT_FAILED);
}

async function staffOf(org: KamOrg, { tasks: { fallbackOwner } }: Settings): Promise<Staff> {
  const fallback = fallbackOwner === null ? null : await activeUser(org, fallbackOwner);
  return { inactive: await inactiveUsers(org), fallback };
}

function dayToAssess(asOf: IsoDate | null, today: IsoDate): IsoDate {
  if (asOf === null) return lastMonthEnd(today);
  if (!isDay(asOf)) throw messages.createError('error.AsOfNotADay', [asOf], [], WRONG_USAGE);
  if (asOf > today) throw messages.createError('error.AsOfInFuture', [asOf, today], [], WRONG_USAGE);
  return asOf;
}

/** The book that is being written; a second sync of the same org on this machine finds it taken. */
async function openWorkBook(file: string): Promise<Book> {
  try {
    return await openBook(file);
  } catch (error) {
    if (error instanceof Error && /lock/i.test(error.message))
      throw messages.createError('error.BookInUse', [file], [], error);
    throw error;
  }
}

async function writePlan(org: KamOrg, plan: Plan, onProgress: OnProgress): Promise<Receipts> {
  const total = plan.accounts + plan.families.added + plan.families.changed + plan.tasks + plan.remembers;
  return write(org, plan.changes(), (done) => onProgress('write', done, total));
}

const nothingWritten: Receipts = { written: 0, failed: [] };

function outcomeOf(plan: Plan, refusal: Refusal | null, dryRun: boolean, receipts: Receipts): RunOutcome {
  if (refusal !== null) return { is: 'refused', ...refusal };
  if (plan.isEmpty) return { is: 'nothingToDo' };
  if (dryRun) return { is: 'planned' };
  return receipts.failed.length > 0 ? { is: 'partial', failed: receipts.failed.length } : { is: 'done' };
}

function countsOf({
  accounts,
  fields,
  families,
  opened,
  closed,
  remembers,
  moved,
  classified,
  hash,
}: Plan): Run['plan'] {
  return { accounts, fields, families, opened, closed, remembers, moved, classified, hash };
}

function failedRow({ change, errors }: FailedChange): FailedRow {
  const texts = errors.map(({ code, message }) => `${code}: ${message}`);
  switch (change.verb) {
    case 'set':
      return { object: 'account', key: `${change.name} (${change.accountId})`, errors: texts };
    case 'setFamily':
      return { object: 'potential', key: `${change.recordId} of ${change.accountId}`, errors: texts };
    case 'addFamily':
      return { object: 'potential', key: change.ref, errors: texts };
    case 'open':
      return { object: 'task', key: change.task.ref, errors: texts };
    case 'close':
      return { object: 'task', key: change.ref, errors: texts };
    case 'remember':
      return { object: 'account', key: `${change.name} (${change.accountId})`, errors: texts };
  }
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
    status: run.outcome.is === 'refused' ? 'Refused' : run.outcome.is === 'partial' ? 'Partial' : 'Done',
    accounts: run.accounts,
    groups: run.groups,
    candidates: tiers.candidate,
    changes:
      plan.accounts +
      plan.families.added +
      plan.families.changed +
      Object.values(plan.opened).reduce((sum, n) => sum + n, 0) +
      plan.closed +
      plan.remembers,
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
function stopwatch(): { durations: Run['durations']; time<T>(stage: Stage, work: () => Promise<T>): Promise<T> } {
  const durations = { pull: 0, derive: 0, assess: 0, decide: 0, write: 0 };
  return {
    durations,
    time: async (stage, work) => {
      const from = performance.now();
      try {
        return await work();
      } finally {
        durations[stage] = Math.round(performance.now() - from);
      }
    },
  };
}
