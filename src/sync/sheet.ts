/** The conversation sheet of one group, from the book of the last run to a file. */
import { chmodSync, writeFileSync } from 'node:fs';
import sumBy from 'lodash/sumBy.js';
import { Messages, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { Book, FoundAccount } from '../book/book.js';
import { settingsSchema } from '../kam/settings.js';
import { conversationSheet, type Sheet } from '../kam/sheet.js';
import type { Language } from '../kam/wording.js';
import { connect } from '../org/connect.js';
import { sheetPage } from '../report/sheetPage.js';
import { careIn } from './care.js';
import { foundIn } from './explain.js';
import { withLastRun } from './lastRun.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sheet');

const WRONG_USAGE = 2;

type Found = Extract<FoundAccount, { is: 'found' }>;

/** Null: the language of the settings, and a file that is named after the group's root. */
export type SheetOptions = { language: Language | null; output: string | null; env: NodeJS.ProcessEnv };

export type WrittenSheet = { file: string; groupId: string; language: Language; currency: string | null; sheet: Sheet };

/**
 * Writes the sheet of an account's group, which only its user can read.
 *
 * Errors: as of `explain`; `FileNotWrittenError` where the file can't be written, or is a folder.
 */
export async function writeSheet(
  login: Org,
  apiVersion: string | undefined,
  account: string,
  { language: asked, output, env }: SheetOptions,
): Promise<WrittenSheet> {
  const { groupId, sheet, settings } = await withLastRun(await connect(login, apiVersion), env, async ({ book }) => {
    const found = foundIn(await book.find(account), account);
    return { groupId: found.group.facts.groupId, ...(await sheetIn(book, found)) };
  });
  const language = asked ?? settings.language;
  const { currency } = settings;
  const file = output ?? `kam-sheet-${groupId}.html`;
  try {
    writeFileSync(file, sheetPage(sheet, { language, currency }), { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    throw messages.createError('error.FileNotWritten', [file, String(error)], [], WRONG_USAGE);
  }
  return { file, groupId, language, currency, sheet };
}

async function sheetIn(book: Book, found: Found): Promise<{ sheet: Sheet; settings: z.infer<typeof remembered> }> {
  const { group } = found;
  const settings = remembered.parse((await book.recall('settings')) ?? {});
  const { plan, coverage, work } = await careIn(book, found);
  const { minimumGets: gets, minimumAccess: access } = settings.agreement;
  const sheet = conversationSheet({
    facts: group.facts,
    agreement: group.agreement,
    plan,
    promising: promisingIn(found),
    coverage,
    work,
    benefits: benefits.parse((await book.recall('benefits')) ?? []),
    minimum: { gets, access },
  });
  return { sheet, settings };
}

/** Families with cross-selling potential at any site, most of it first. */
function promisingIn({ accounts }: Found): string[] {
  const cells = accounts.flatMap(({ potential }) => potential.cells).filter(({ kind }) => kind === 'crossSell');
  const families = [...new Set(cells.map(({ family }) => family))];
  const amountOf = new Map(
    families.map((family) => [
      family,
      sumBy(
        cells.filter((cell) => cell.family === family),
        'amount',
      ),
    ]),
  );
  return families.toSorted((a, b) => (amountOf.get(b) ?? 0) - (amountOf.get(a) ?? 0) || (a < b ? -1 : 1));
}

/** These parts mean the same inside as outside: no money is in them. */
const remembered = z.object({
  language: settingsSchema.shape.language,
  currency: settingsSchema.shape.currency,
  agreement: settingsSchema.shape.agreement,
});

const words = z.object({ en: z.string().nullable(), de: z.string().nullable() });
const benefits = z.array(z.object({ key: z.string(), name: words, text: words }));
