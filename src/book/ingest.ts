/** From query results on disk to the book's tables: every column is read as text and parsed here, exactly. */
import snakeCase from 'lodash/snakeCase.js';
import type { BookTable, ColumnType, Spooled } from './book.js';
import { BookError, literal, type Duck, type Statements } from './duck.js';
import { numberOf, textOf } from './rows.js';

export type Column = { type: ColumnType; isRequired?: true };

const required = (type: ColumnType): Column => ({ type, isRequired: true });
const optional = (type: ColumnType): Column => ({ type });

/** The tables that a pull fills: the one list from which they are created, checked and read. */
export const pulledTables: Record<BookTable, Record<string, Column>> = {
  account: {
    id: required('id'),
    name: required('text'),
    /** Only where the org has several. */
    currency: optional('text'),
    parentId: optional('id'),
    ownerId: required('id'),
    industry: optional('text'),
    employees: optional('integer'),
    country: optional('text'),
    region: optional('text'),
    isPersonAccount: optional('boolean'),
    groupOverrideId: optional('id'),
    excluded: optional('boolean'),
    excludeReason: optional('text'),
    ratingReferenceCustomer: optional('number'),
    ratingOpinionLeader: optional('number'),
    overrideTier: optional('text'),
    overrideReason: optional('text'),
    overrideUntil: optional('date'),
    tier: optional('text'),
    segment: optional('text'),
    gate: optional('text'),
    gateResult: optional('text'),
    score: optional('number'),
    confidence: optional('number'),
    revenue: optional('money'),
    crossSell: optional('money'),
    upSell: optional('money'),
    additionalPotential: optional('money'),
    revenueAtRisk: optional('money'),
    contributionMargin: optional('money'),
    walletShare: optional('number'),
    reasons: optional('text'),
    nextStep: optional('text'),
    groupId: optional('id'),
    assessedOn: optional('date'),
    evidence: optional('text'),
    ratedOn: optional('date'),
    ratedAs: optional('text'),
    tierSince: optional('date'),
    belowSince: optional('date'),
    taskRefs: optional('text'),
    trust: optional('text'),
    managerId: optional('id'),
    namedOwnerId: optional('id'),
  },
  opportunity: {
    id: required('id'),
    accountId: optional('id'),
    closeDate: required('date'),
    amount: optional('money'),
    currency: optional('text'),
    isWon: required('boolean'),
    isClosed: required('boolean'),
    family: optional('text'),
    hasLines: optional('boolean'),
  },
  line: {
    id: required('id'),
    opportunityId: required('id'),
    family: optional('text'),
    amount: optional('money'),
    quantity: optional('number'),
    product: optional('text'),
    /** Of the whole line, and of one piece. */
    cost: optional('money'),
    unitCost: optional('money'),
    /** Of the product, in which one piece's cost is; the line has its opportunity's. */
    unitCurrency: optional('text'),
  },
  visit: { id: required('id'), accountId: optional('id'), startedAt: required('datetime') },
  phone_call: { id: required('id'), accountId: optional('id'), day: required('date') },
  service_case: { id: required('id'), accountId: optional('id'), startedAt: required('datetime') },
  /** People at the customer, without a name. */
  contact: {
    id: required('id'),
    accountId: optional('id'),
    function: optional('text'),
    level: optional('text'),
    role: optional('text'),
    lastOn: optional('date'),
  },
  /** Contacts of accounts beyond their own, and whether they still work there. */
  relation: {
    id: required('id'),
    contactId: required('id'),
    accountId: required('id'),
    isActive: required('boolean'),
  },
  /** Own people on an account, to be counted. */
  teammate: { id: required('id'), accountId: required('id'), userId: required('id') },
  /** Opportunities that match the setting. */
  project: {
    id: required('id'),
    accountId: optional('id'),
    name: required('text'),
    area: optional('text'),
    saving: optional('money'),
    closeDate: required('date'),
    isWon: required('boolean'),
    isClosed: required('boolean'),
  },
  /** One family of one account, as the CRM keeps it. */
  cell: {
    id: required('id'),
    accountId: required('id'),
    ref: optional('text'),
    currency: optional('text'),
    family: optional('text'),
    whitespace: optional('money'),
    probability: optional('number'),
    volume: optional('money'),
    value: optional('money'),
    expected: optional('money'),
    low: optional('money'),
    high: optional('money'),
    pipeline: optional('money'),
    own: optional('money'),
    source: optional('text'),
    confidence: optional('number'),
    why: optional('text'),
    asOf: optional('date'),
    statedWallet: optional('money'),
    statedOn: optional('date'),
    statedBy: optional('text'),
    servedBy: optional('text'),
    competitor: optional('text'),
    target: optional('money'),
    targetYear: optional('number'),
    nextStep: optional('text'),
  },
  /** How much of a currency one unit of the corporate currency is, today and from day to day. */
  currency_type: { id: required('id'), iso: required('text'), rate: required('number') },
  dated_rate: {
    id: required('id'),
    iso: required('text'),
    startDate: required('date'),
    nextStartDate: optional('date'),
    rate: required('number'),
  },
  /** What a customer was asked and answered, and what both sides promised. */
  agreement: {
    id: required('id'),
    accountId: required('id'),
    state: optional('text'),
    askedOn: optional('date'),
    answeredOn: optional('date'),
    wantsCare: optional('text'),
    inReturn: optional('text'),
    declineReason: optional('text'),
    reaskOn: optional('date'),
    reviewOn: optional('date'),
  },
  commitment: {
    id: required('id'),
    agreementId: required('id'),
    side: optional('text'),
    type: optional('text'),
    what: optional('text'),
    service: optional('text'),
    ourOwnerId: optional('id'),
    ourOwnerIsActive: optional('boolean'),
    theirOwner: optional('text'),
    dueOn: optional('date'),
    doneOn: optional('date'),
  },
  /** Where a group stood at the end of a month. */
  assessment: {
    id: required('id'),
    accountId: required('id'),
    ref: required('text'),
    asOf: required('date'),
    tier: optional('text'),
    segment: optional('text'),
    gate: optional('text'),
    gateResult: optional('text'),
    score: optional('number'),
  },
  task: {
    id: required('id'),
    ref: required('text'),
    accountId: optional('id'),
    ownerId: required('id'),
    isClosed: required('boolean'),
    isMoot: optional('boolean'),
    status: optional('text'),
    description: optional('text'),
  },
};

/** Statements that create a table empty, if it is not there yet. */
export const createTable = (table: BookTable): string =>
  `CREATE TABLE IF NOT EXISTS ${table} (${Object.entries(pulledTables[table])
    .map(([name, { type }]) => `${snakeCase(name)} ${sqlTypes[type]}`)
    .join(', ')});`;

const sqlTypes: Record<ColumnType, string> = {
  id: 'VARCHAR',
  text: 'VARCHAR',
  number: 'DOUBLE',
  integer: 'BIGINT',
  money: 'BIGINT',
  date: 'DATE',
  datetime: 'TIMESTAMP',
  boolean: 'BOOLEAN',
};

/** Replaces one table by what was spooled, `after` still inside the transaction; see `Book.ingest`. */
export async function ingest(
  duck: Duck,
  table: BookTable,
  spooled: Spooled,
  after: (inside: Statements) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  return duck.transaction(async (inside) => {
    await readRows(inside, table, spooled);
    await after(inside);
    await inside.run(`DROP TABLE IF EXISTS ${table}; ALTER TABLE ${pulled(table)} RENAME TO ${table}`);
    await inside.run(`ALTER TABLE ${table} DROP COLUMN file_no`);
    return countOf(inside, table);
  });
}

/** Reads what was spooled for a table into `pulled(table)`, of each id the latest row. */
export async function readRows(duck: Statements, table: BookTable, spooled: Spooled): Promise<void> {
  checkColumns(table, spooled);
  await readInto(duck, pulled(table), pulledTables[table], spooled);
  const count = await countOf(duck, pulled(table));
  if (count !== spooled.rows) {
    throw new BookError(`The files of ${table} hold ${count} of the ${spooled.rows} rows that were spooled.`, [
      'Run the sync again; a result page was cut off or left over.',
    ]);
  }
  await keepLatest(duck, table);
}

/** Where rows stand before they are the table's. */
export const pulled = (table: BookTable): string => `pulled_${table}`;

export async function countOf(duck: Statements, table: string): Promise<number> {
  const rows = await duck.rows(`SELECT COUNT(*) AS rows FROM ${table}`);
  return rows.reduce((sum, row) => sum + numberOf(row, 'rows'), 0);
}

function checkColumns(table: BookTable, { columns }: Spooled): void {
  const expected = pulledTables[table];
  for (const { name, type } of columns) {
    const column = expected[name];
    if (column === undefined) throw new BookError(`The book's table ${table} has no column ${name}.`);
    if (column.type !== type) {
      throw new BookError(`Column ${name} of ${table} was spooled as ${type}, expected ${column.type}.`);
    }
  }
  const spooled = new Set(columns.map(({ name }) => name));
  if (spooled.size !== columns.length) throw new BookError(`A column of ${table} was spooled twice.`);
  const lacking = Object.entries(expected).filter(
    ([name, { isRequired }]) => isRequired === true && !spooled.has(name),
  );
  if (lacking.length > 0) {
    throw new BookError(`${table} was spooled without ${lacking.map(([name]) => name).join(', ')}.`);
  }
}

/** Reads files into a new table of these fields, with the number of the file that a row stood in. */
export async function readInto(
  duck: Statements,
  target: string,
  shape: Readonly<Record<string, Column>>,
  { files, columns }: Spooled,
): Promise<void> {
  const spooled = new Set(columns.map(({ name }) => name));
  const fields = Object.entries(shape);
  const own = fields.filter(([name]) => spooled.has(name));
  const parsed = own.map(([name, { type }]) => `${conversions[type](raw(name))} AS ${read(name)}`);
  const checked = fields.map(([name, column]) =>
    spooled.has(name)
      ? `${checkedValue(name, column)} AS ${snakeCase(name)}`
      : `CAST(NULL AS ${sqlTypes[column.type]}) AS ${snakeCase(name)}`,
  );
  const source = files.length === 0 ? emptySource(columns) : csvSource(files, columns);
  try {
    await duck.run(`CREATE TABLE ${target} AS
      SELECT ${checked.join(', ')}, file_no
      FROM (SELECT *, ${parsed.join(', ')} FROM (${source}) AS csv) AS parsed`);
  } catch (error) {
    throw unreadable(target.replace('pulled_', ''), error);
  }
}

const raw = (name: string): string => `raw_${snakeCase(name)}`;
const read = (name: string): string => `read_${snakeCase(name)}`;

const csvSource = (files: string[], columns: Spooled['columns']): string => {
  const list = `[${files.map(literal).join(', ')}]`;
  const names = columns.map(({ name }) => `${raw(name)}: 'VARCHAR'`).join(', ');
  // One scanner per file: where a value may hold line breaks, a file can't be cut into parts safely.
  return `SELECT *, CAST(list_position(${list}, filename) AS INTEGER) AS file_no
    FROM read_csv(${list}, columns = {${names}}, filename = true, header = true, auto_detect = false,
      delim = ',', quote = '"', escape = '"', strict_mode = true, parallel = false)`;
};

const emptySource = (columns: Spooled['columns']): string =>
  `SELECT ${columns.map(({ name }) => `CAST(NULL AS VARCHAR) AS ${raw(name)}`).join(', ')},
    CAST(NULL AS VARCHAR) AS filename, 1 AS file_no WHERE 1 = 0`;

/** What separates the parts of a message that passes through the engine. */
const MARK = '\u001f';

function checkedValue(name: string, { type, isRequired }: Column): string {
  const complaint = `error('${MARK}' || filename || '${MARK}${name}${MARK}${type}${MARK}' || COALESCE(${raw(name)}, '') || '${MARK}')`;
  return isRequired === true
    ? `CASE WHEN ${read(name)} IS NOT NULL THEN ${read(name)} ELSE ${complaint} END`
    : `CASE WHEN ${raw(name)} IS NULL OR ${read(name)} IS NOT NULL THEN ${read(name)} ELSE ${complaint} END`;
}

/** SQL that reads a text exactly, or gives null where it can't. The CRM writes large numbers as 1.0E7. */
export const conversions: Record<ColumnType, (column: string) => string> = {
  id: (column) => column,
  text: (column) => column,
  number: (column) => `CASE WHEN ${matches(column, NUMERAL)} THEN TRY_CAST(${column} AS DOUBLE) END`,
  integer: (column) => `CASE
    WHEN ${matches(column, '[-+]?[0-9]{1,18}')} THEN CAST(${column} AS BIGINT)
    WHEN ${matches(column, NUMERAL)} AND ${wide(column)} = ROUND(${wide(column)}, 0) THEN TRY_CAST(${wide(column)} AS BIGINT)
  END`,
  money: (column) => `CASE
    WHEN ${matches(column, '[-+]?[0-9]{1,14}([.][0-9]{0,2})?')} THEN CAST(CAST(${column} AS DECIMAL(18, 2)) * 100 AS BIGINT)
    WHEN ${matches(column, NUMERAL)} THEN TRY_CAST(ROUND(${wide(column)} * 100, 0) AS BIGINT)
  END`,
  date: (column) => `CASE WHEN ${matches(column, '[0-9]{4}-[0-9]{2}-[0-9]{2}')} THEN TRY_CAST(${column} AS DATE) END`,
  datetime: (column) => `CASE WHEN LENGTH(${column}) > 10 THEN TRY_CAST(${column} AS TIMESTAMP) END`,
  boolean: (column) => `CASE LOWER(${column}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END`,
};

const NUMERAL = '[-+]?[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?';

const matches = (column: string, pattern: string): string => `REGEXP_FULL_MATCH(${column}, '${pattern}')`;

/** Exact, but ten times slower to read than a narrow decimal: only where the text is unusual. */
const wide = (column: string): string => `TRY_CAST(${column} AS DECIMAL(30, 8))`;

const expectations: Record<ColumnType, string> = {
  id: 'an id',
  text: 'a text',
  number: 'a number',
  integer: 'a whole number',
  money: 'an amount of money',
  date: 'a day (YYYY-MM-DD)',
  datetime: 'a point in time (YYYY-MM-DDThh:mm:ss)',
  boolean: 'true or false',
};

function unreadable(table: string, error: unknown): Error {
  if (!(error instanceof Error)) return new BookError(`The spooled files of ${table} can't be read: ${String(error)}`);
  const [, file, column, type, value] = error.message.split(MARK);
  if (file !== undefined && column !== undefined && type !== undefined && value !== undefined && isColumnType(type)) {
    const found = value === '' ? 'is empty' : `holds '${value}'`;
    return new BookError(
      `${file}: ${column} of ${table} ${found}, expected ${expectations[type]}.`,
      ['Look at the record in the CRM, then run the sync again.'],
      { cause: error },
    );
  }
  const where = /file ?= ?(.*)/.exec(error.message)?.[1];
  const what = error.message.split('\nPossible fixes')[0]?.trim().replaceAll('\n', ' ') ?? '';
  return new BookError(
    `${where ?? `The spooled files of ${table}`} can't be read: ${what}`,
    ['Run the sync again; the file is not the CSV that was asked for.'],
    { cause: error },
  );
}

const isColumnType = (word: string): word is ColumnType => Object.hasOwn(expectations, word);

/** An id that comes twice: a later file wins; in one file, equal rows are one row and different ones contradict. */
async function keepLatest(duck: Statements, table: BookTable): Promise<void> {
  const ids = `SELECT id FROM ${pulled(table)} GROUP BY id HAVING COUNT(*) > 1 ORDER BY id LIMIT 1`;
  if ((await duck.rows(ids)).length === 0) return;
  await duck.run(`CREATE TABLE latest_${table} AS
    SELECT DISTINCT p.*
    FROM ${pulled(table)} AS p
    JOIN (SELECT id, MAX(file_no) AS file_no FROM ${pulled(table)} GROUP BY id) AS l
      ON p.id = l.id AND p.file_no = l.file_no;
    DROP TABLE ${pulled(table)};
    ALTER TABLE latest_${table} RENAME TO ${pulled(table)}`);
  const [torn] = await duck.rows(ids);
  if (torn !== undefined) {
    throw new BookError(`${table} ${textOf(torn, 'id')} comes twice in one file, with different values.`, [
      'Run the sync again; the record was changed while it was read.',
    ]);
  }
}
