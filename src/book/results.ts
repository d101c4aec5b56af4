/** What the method made of the facts: potentials and decisions, kept as packed JSON, stored in bulk and read by range. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Decision } from '../kam/funnel.js';
import type { Potential } from '../kam/potential.js';
import type { RecordId } from '../kam/units.js';
import { unknown } from '../kam/unknown.js';
import { BookError, type Duck } from './duck.js';
import { bytesOf, numberOf, textOf, within, type Range } from './rows.js';

export const createResults = `
  CREATE TABLE IF NOT EXISTS potential (account_no INTEGER, result BLOB);
  CREATE TABLE IF NOT EXISTS decision (group_no INTEGER, result BLOB);`;

/** Stores potentials; one that stands already for the account is replaced. */
export const storePotentials = (duck: Duck, potentials: readonly Potential[]): Promise<void> =>
  store(duck, 'potential', 'SELECT id, account_no AS no FROM member', potentials, (potential) => potential.accountId);

/** Stores decisions; one that stands already for the group is replaced. */
export const storeDecisions = (duck: Duck, decisions: readonly Decision[]): Promise<void> =>
  store(
    duck,
    'decision',
    'SELECT id, group_no AS no FROM member WHERE is_root',
    decisions,
    (decision) => decision.groupId,
  );

/** Rows go to a stage first, because the engine's bulk appender can't replace. */
async function store<T>(
  duck: Duck,
  table: 'potential' | 'decision',
  numbers: string,
  results: readonly T[],
  idOf: (result: T) => string,
): Promise<void> {
  const column = table === 'potential' ? 'account_no' : 'group_no';
  await duck.transaction(async (inside) => {
    await inside.run('CREATE TEMP TABLE stage (id VARCHAR, result BLOB)');
    await inside.append('stage', results, (row, result) => {
      row.appendVarchar(idOf(result));
      row.appendBlob(packed(result));
    });
    await inside.run(`CREATE TEMP TABLE fresh AS
      SELECT n.no, s.id, s.result FROM stage AS s LEFT JOIN (${numbers}) AS n ON n.id = s.id`);
    const [stray] = await inside.rows('SELECT MIN(id) AS id FROM fresh WHERE no IS NULL HAVING COUNT(*) > 0');
    if (stray !== undefined) throw new BookError(`The book has no ${textOf(stray, 'id')}; derive first.`);
    await inside.run(`
      DELETE FROM ${table} WHERE ${column} IN (SELECT no FROM fresh);
      INSERT INTO ${table} SELECT no, result FROM fresh ORDER BY no`);
  });
}

/** Potentials by account number; an account without one has not been assessed. */
export async function potentialsIn(duck: Duck, accounts: Range): Promise<Map<number, Potential>> {
  const rows = await duck.rows(`SELECT account_no, result FROM potential WHERE ${within('account_no', accounts)}`);
  return new Map(rows.map((row) => [numberOf(row, 'account_no'), storedPotential(bytesOf(row, 'result'))]));
}

/** What stands for the potential of an account that nobody has assessed yet. */
export function notAssessed(accountId: RecordId): Potential {
  const nothing = unknown('notModelled');
  return {
    accountId,
    crossSell: nothing,
    upSell: nothing,
    additional: nothing,
    elsewhere: nothing,
    walletShare: nothing,
    confidence: 0,
    cells: [],
    settled: [],
    risk: nothing,
  };
}

export async function decisionsIn(duck: Duck, groups: Range): Promise<Decision[]> {
  const rows = await duck.rows(`SELECT result FROM decision WHERE ${within('group_no', groups)} ORDER BY group_no`);
  return rows.map((row) => storedDecision(bytesOf(row, 'result')));
}

// The engine unpacks two thousand results to find one, so they are packed, to a tenth.
const packed = (result: unknown): Uint8Array => deflateRawSync(JSON.stringify(result), { level: 1 });
const unpacked = (bytes: Uint8Array): string => inflateRawSync(bytes).toString();

// JSON that this module wrote; the book's format number guards against what another version wrote.
const storedPotential = (bytes: Uint8Array): Potential => JSON.parse(unpacked(bytes));
const storedDecision = (bytes: Uint8Array): Decision => JSON.parse(unpacked(bytes));
