/** Is the org ready for a sync? Everything that would stop or weaken one, each with its remedy. */
import { SfError, type Org } from '@salesforce/core';
import { lastMonthEnd } from '../kam/calendar.js';
import { connect } from '../org/connect.js';
import { preflight, sourceProblems, type Problem } from '../org/preflight.js';
import { readSettings } from '../org/read.js';
import { wantsOf } from '../org/records.js';

export type Readiness = { ready: boolean; orgId: string; username: string; problems: Problem[] };

/** Looks at login, metadata, permissions and settings, and writes nothing. */
export async function check(login: Org, apiVersion: string | undefined): Promise<Readiness> {
  const org = await connect(login, apiVersion);
  const problems = await preflight(org);
  const settings = problems.some((problem) => problem.severity === 'stops') ? [] : await settingsProblems(org);
  const all = [...problems, ...settings];
  return {
    ready: all.every((problem) => problem.severity !== 'stops'),
    orgId: org.orgId,
    username: org.username,
    problems: all,
  };
}

async function settingsProblems(org: Awaited<ReturnType<typeof connect>>): Promise<Problem[]> {
  try {
    const settings = await readSettings(org);
    const today = (await org.now()).toISOString().slice(0, 10);
    return await sourceProblems(org, wantsOf(settings, today, lastMonthEnd(today)));
  } catch (error) {
    if (!(error instanceof SfError) || error.name !== 'SettingsInvalidError') throw error;
    return [{ severity: 'stops', what: error.message, remedy: (error.actions ?? []).join(' ') }];
  }
}
