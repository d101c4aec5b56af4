/** Today's labels against the funnel: the last run's book, and one question to the org. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Messages, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { Book } from '../book/book.js';
import {
  auditKinds,
  findingsIn,
  isLabelled,
  isOnlyBuying,
  type AuditedGroup,
  type AuditKind,
  type Finding,
} from '../kam/audit.js';
import { addMonths } from '../kam/calendar.js';
import type { RecordId } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import { connect } from '../org/connect.js';
import { readLabels, type Label } from '../org/labels.js';
import type { Audit, AuditTotal } from '../report/audit.js';
import type { Dot } from '../report/auditPage.js';
import type { Decided } from './assess.js';
import { withLastRun } from './lastRun.js';
import { decidedGroups } from './plan.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'audit');

const WRONG_USAGE = 2;

export type AuditOptions = {
  label: Label;
  /** Wins, visits and calls within this many months before the run count as work; 0 lets none of them count. */
  quietMonths: number;
  /** File for all findings, `.csv` or `.html`; null writes none. */
  output: string | null;
  version: string;
  env: NodeJS.ProcessEnv;
};

/**
 * Holds the labels that accounts carry today against what the last run decided. Writes nothing to the org.
 *
 * Shape:  findings in order of kind, then most money first: hidden ones by potential, the others by revenue; unknown
 *         amounts last, then by id.
 * Errors: those of `readLabels` and `withLastRun`; `OutputUnknownError` for a file of another kind, before anything is
 *         read; `FileNotWrittenError`.
 */
export async function audit(login: Org, apiVersion: string | undefined, options: AuditOptions): Promise<Audit> {
  const format = options.output === null ? null : formatOf(options.output);
  const org = await connect(login, apiVersion);
  return withLastRun(org, options.env, async ({ book, run }) => {
    const labels = await readLabels(org, options.label);
    const rule = { months: options.quietMonths };
    const findings: Finding[] = [];
    const dots: Dot[] = [];
    const seen = { groups: 0, labelledAccounts: 0, labelledGroups: 0, key: 0, onlyBuying: 0 };
    for await (const group of auditedGroups(book, labels.accounts)) {
      const carrying = group.accounts.filter(({ label }) => label !== null).length;
      seen.groups += 1;
      seen.labelledAccounts += carrying;
      seen.labelledGroups += isLabelled(group) ? 1 : 0;
      seen.key += isLabelled(group) && group.decision.tier === 'key' ? 1 : 0;
      seen.onlyBuying += isOnlyBuying(group, rule) ? 1 : 0;
      const found = findingsIn(group, rule);
      findings.push(...found);
      if (format === 'html') dots.push(dotOf(group, found));
    }
    const service = rates.parse(await book.recall('settings')).service;
    const result: Audit = {
      orgId: org.orgId,
      username: org.username,
      asOf: run.asOf,
      run: run.finishedAt,
      currency: run.currency,
      label: { field: labels.field, values: labels.values },
      groups: seen.groups,
      labelled: {
        accounts: labels.accounts.size,
        notInBook: labels.accounts.size - seen.labelledAccounts,
        groups: seen.labelledGroups,
        key: seen.key,
      },
      lines: run.lines,
      work: {
        months: rule.months,
        since: addMonths(run.startedAt.slice(0, 10), -rule.months),
        readsVisits: service.visitCost !== null,
        readsCalls: service.callCost !== null,
        onlyBuying: seen.onlyBuying,
      },
      totals: totalsOf(findings),
      findings: findings.toSorted(byKindAndMoney),
      written: options.output,
    };
    if (options.output !== null && format !== null)
      write(options.output, await textOf(format, result, dots, options.version));
    return result;
  });
}

/** What a file shall hold, by its ending. */
function formatOf(file: string): 'csv' | 'html' {
  switch (extname(file).toLowerCase()) {
    case '.csv':
      return 'csv';
    case '.html':
    case '.htm':
      return 'html';
    default:
      throw messages.createError('error.OutputUnknown', [file], [], WRONG_USAGE);
  }
}

async function textOf(format: 'csv' | 'html', found: Audit, dots: readonly Dot[], version: string): Promise<string> {
  return format === 'csv'
    ? (await import('../report/auditTable.js')).auditTable(found)
    : (await import('../report/auditPage.js')).auditPage(found, dots, version);
}

/** What the last run was told to count of visits and calls. */
const rates = z.looseObject({
  service: z.looseObject({ visitCost: z.number().nullable(), callCost: z.number().nullable() }),
});

/** Signs of work are few words per group, and each batch of them goes over all opportunities. */
const WORK_BATCH = 20_000;

/** All groups with their labels and signs of work; the book gives both in one order. */
async function* auditedGroups(book: Book, labels: ReadonlyMap<RecordId, string>): AsyncIterable<AuditedGroup> {
  const work = eachOf(book.work(WORK_BATCH))[Symbol.asyncIterator]();
  for await (const batch of decidedGroups(book)) {
    for (const decided of batch) {
      const next = await work.next();
      yield auditedGroup(decided, next.done === true ? undefined : next.value, labels);
    }
  }
}

async function* eachOf<T>(batches: AsyncIterable<T[]>): AsyncIterable<T> {
  for await (const batch of batches) yield* batch;
}

function auditedGroup(
  { view, decision }: Decided,
  signs: (AuditedGroup['work'] & { groupId: RecordId }) | undefined,
  labels: ReadonlyMap<RecordId, string>,
): AuditedGroup {
  const { facts, potential, standings, agreement } = view;
  if (signs?.groupId !== facts.groupId) {
    throw new Error(`Group ${facts.groupId} is not where its work is in the book; run the sync again.`);
  }
  return {
    facts,
    potential,
    decision,
    accounts: standings.map(({ accountId, name }) => ({ accountId, name, label: labels.get(accountId) ?? null })),
    work: signs,
    isInTalk: agreement !== null && (agreement.state === 'planned' || facts.answer.is !== 'notAsked'),
  };
}

const dotOf = ({ facts, potential, accounts }: AuditedGroup, found: readonly Finding[]): Dot => ({
  name: facts.name,
  revenue: facts.yearlyRevenue,
  potential: potential.additional,
  isLabelled: isLabelled({ accounts }),
  isHidden: found.some(({ is }) => is === 'hidden'),
  isFalse: found.some(({ is }) => is === 'falseKey'),
});

const totalsOf = (findings: readonly Finding[]): Audit['totals'] => ({
  falseKey: totalOf(findings, 'falseKey'),
  hidden: totalOf(findings, 'hidden'),
  withoutAgreement: totalOf(findings, 'withoutAgreement'),
  labelledApart: totalOf(findings, 'labelledApart'),
});

function totalOf(findings: readonly Finding[], kind: AuditKind): AuditTotal {
  const total = { groups: 0, revenue: 0, potential: 0, unknownRevenue: 0, unknownPotential: 0 };
  for (const { is, revenue, potential } of findings) {
    if (is !== kind) continue;
    total.groups += 1;
    if (isKnown(revenue)) total.revenue += revenue;
    else total.unknownRevenue += 1;
    if (isKnown(potential)) total.potential += potential;
    else total.unknownPotential += 1;
  }
  return total;
}

function byKindAndMoney(a: Finding, b: Finding): number {
  return (
    auditKinds.indexOf(a.is) - auditKinds.indexOf(b.is) || weightOf(b) - weightOf(a) || (a.groupId < b.groupId ? -1 : 1)
  );
}

function weightOf({ is, revenue, potential }: Finding): number {
  const amount = is === 'hidden' ? potential : revenue;
  return isKnown(amount) ? amount : -Number.MAX_SAFE_INTEGER;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw messages.createError('error.FileNotWritten', [file, String(error)], [], WRONG_USAGE);
  }
}
