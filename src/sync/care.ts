/** The care of a group, from the book of the last run and the settings that it ran with. */
import { z } from 'zod';
import type { Book, FoundAccount } from '../book/book.js';
import { coverageOf } from '../kam/coverage.js';
import { penetrationPlan } from '../kam/penetration.js';
import { projectWork } from '../kam/projects.js';
import { settingsSchema } from '../kam/settings.js';
import type { GroupCare } from '../report/care.js';

type Found = Extract<FoundAccount, { is: 'found' }>;

/** Reads plan, coverage and joint projects of the group that was found. */
export async function careIn(book: Book, { group, accounts, decision }: Found): Promise<GroupCare> {
  const { groupId, asOf } = group.facts;
  const { contact, project } = rules.parse((await book.recall('settings')) ?? {});
  const { aims, outOfScope, people, projects, deals } = await book.care(groupId, project);
  return {
    plan: penetrationPlan(accounts, aims, asOf, outOfScope),
    coverage: people === null ? null : coverageOf(people.contacts, people.team, contact, asOf),
    work: projectWork(projects, deals, decision?.tier ?? 'standard', project),
  };
}

/** Both parts mean the same inside as outside: no money is in them. */
const rules = z.object({ contact: settingsSchema.shape.contact, project: settingsSchema.shape.project });
