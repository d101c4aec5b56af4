/** SOQL compiled to parameterised SQL: what Salesforce answers is answered, anything else is refused with the reason. */
import {
  parseQuery,
  type FieldFunctionExpression,
  type FieldType as SelectedField,
  type FunctionExp,
  type GroupByClause,
  type HavingClause,
  type OrderByClause,
  type Query,
  type Subquery,
  type WhereClause,
} from '@jetstreamapp/soql-parser-js';
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import { corporate } from './currencies.js';
import { rangeOf, type Range } from './dateLiterals.js';
import type { Value } from './engine.js';
import { SalesforceError } from './refusal.js';
import { to18 } from './ids.js';
import { formatted, isDateFunction, labelled, partOfDate, wholeNumber } from './soqlFunctions.js';
import { parseInstant, scaledInteger, type Stored } from './values.js';

/** Objects by any casing of their name. */
export type Catalog = { object(name: string): ObjectDefinition | undefined };

export type CompileOptions = { now: Date; purpose: 'rest' | 'bulk'; withDeleted: boolean };

/** One column of the answer: where it nests in the record, and how its stored value reads. */
export type Column = {
  /** `['Owner', 'Name']`; parents in the schema's casing. */
  path: readonly string[];
  /** Objects of the parents on the path, for their `attributes`. */
  parents: readonly ParentRef[];
  sql: string;
  field: FieldDefinition;
  /** What a function makes of the value that was read. */
  show?: (value: Value) => Value;
};

/**
 * A parent on a path: its relationship name, and the SQL of its id, null where the record has no such parent. Where a
 * field leads to several objects, `kinds` tells which one an id belongs to, by its key prefix.
 */
export type ParentRef = { name: string; object: string; idSql: string; kinds?: Readonly<Record<string, string>> };

export type ChildQuery = { name: string; foreignKey: string; query: CompiledRows };

export type CompiledRows = {
  kind: 'rows';
  object: ObjectDefinition;
  columns: readonly Column[];
  children: readonly ChildQuery[];
  /** `FROM … JOIN …` with aliases, `WHERE …`, `ORDER BY …`, `LIMIT … OFFSET …`. */
  from: string;
  where: string;
  orderBy: string;
  limit: string;
  parameters: readonly Stored[];
};

export type AggregateColumn = {
  name: string;
  sql: string;
  read: FieldDefinition | 'count';
  isGroup: boolean;
  show?: (value: Value) => Value;
};

export type CompiledAggregate = {
  kind: 'aggregate';
  object: ObjectDefinition;
  columns: readonly AggregateColumn[];
  /** True for a bare `SELECT COUNT()`: the answer is its totalSize. */
  isBareCount: boolean;
  isGrouped: boolean;
  sql: string;
  parameters: readonly Stored[];
};

export type Compiled = CompiledRows | CompiledAggregate;

const MAXIMUM_LENGTH = 100_000;
const MAXIMUM_OFFSET = 2000;
const MAXIMUM_FIELDS_ROWS = 200;
const MAXIMUM_PATH = 5;

/**
 * Compiles a query.
 *
 * Errors: `SalesforceError` MALFORMED_QUERY for what is no SOQL or not supported here, INVALID_TYPE for an unknown
 *         object, INVALID_FIELD for an unknown field or a value that does not fit its type.
 */
export function compile(soql: string, catalog: Catalog, options: CompileOptions): Compiled {
  if (soql.length > MAXIMUM_LENGTH)
    throw malformed(`SOQL statements cannot be longer than ${MAXIMUM_LENGTH} characters.`);
  const query = parse(soql);
  if (query.sObject === undefined) throw malformed("unexpected token: '<EOF>'");
  const object = catalog.object(query.sObject);
  if (object === undefined) throw invalidType(query.sObject, soql);
  refuseUnsupported(query);
  const compiler = new Compiler(soql, catalog, options, object, query.sObjectAlias);
  return isAggregate(query) ? compiler.aggregate(query) : compiler.rows(query);
}

function parse(soql: string): Query {
  try {
    return parseQuery(soql, { allowApexBindVariables: false, ignoreParseErrors: false });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw malformed(`unexpected token in query: ${reason.slice(0, 300)}`);
  }
}

function refuseUnsupported(query: Query | Subquery): void {
  const refused: [unknown, string][] = [
    [query.usingScope, 'USING SCOPE'],
    [query.withDataCategory, 'WITH DATA CATEGORY'],
    [query.withSecurityEnforced, 'WITH SECURITY_ENFORCED'],
    [query.withAccessLevel, 'WITH USER_MODE and SYSTEM_MODE'],
    [query.update, 'UPDATE'],
  ];
  for (const [clause, name] of refused)
    if (clause !== undefined) throw malformed(`${name} is not supported by this org.`);
}

/** FOR VIEW and FOR REFERENCE note who looked, which nobody sees here; a lock ends with the request, so that none is needed. */
function refuseLock(query: Query | Subquery): void {
  if (query.for === 'UPDATE' && query.orderBy !== undefined) throw malformed('FOR UPDATE does not allow ORDER BY.');
}

const isAggregateFunction = (field: SelectedField): field is FieldFunctionExpression =>
  field.type === 'FieldFunctionExpression';

const isAggregate = (query: Query): boolean =>
  query.groupBy !== undefined ||
  (query.fields ?? []).some((field) => isAggregateFunction(field) && isAggregating(field));

/** Whether a call is an aggregate, or formats one. */
const isAggregating = ({ functionName, parameters }: FieldFunctionExpression): boolean =>
  isKnownAggregate(functionName) || parameters.some((each) => typeof each !== 'string' && isAggregating(each));

const aggregates = ['COUNT', 'COUNT_DISTINCT', 'SUM', 'MIN', 'MAX', 'AVG'];
const isKnownAggregate = (name: string): boolean => aggregates.includes(name.toUpperCase());

type Resolved = {
  sql: string;
  field: FieldDefinition;
  path: readonly string[];
  parents: readonly ParentRef[];
  /** The object that has the field, and the alias under which it is joined. */
  of: { object: ObjectDefinition; alias: string };
};

/** A call as the parser has it, in SELECT or elsewhere. */
type CallOf = { functionName?: string; parameters?: readonly (string | CallOf)[]; rawValue?: string };

class Compiler {
  private readonly joins = new Map<string, { alias: string; sql: string }>();
  private readonly parameters: Stored[] = [];
  private semiJoins = 0;

  public constructor(
    private readonly soql: string,
    private readonly catalog: Catalog,
    private readonly options: CompileOptions,
    private readonly object: ObjectDefinition,
    private readonly alias: string | undefined,
    /** Prefix of table aliases, so that a child query may stand inside its parent's. */
    private readonly prefix = 't',
  ) {}

  public rows(query: Query | Subquery): CompiledRows {
    const columns: Column[] = [];
    const children: ChildQuery[] = [];
    for (const field of this.selected(query)) {
      switch (field.type) {
        case 'Field':
        case 'FieldRelationship':
          columns.push(this.column(field));
          break;
        case 'FieldSubquery':
          if (this.options.purpose === 'bulk') throw malformed('Bulk API 2.0 does not support nested queries.');
          children.push(this.child(field.subquery));
          break;
        case 'FieldFunctionExpression':
          columns.push(this.shown(field));
          break;
        case 'FieldTypeof':
          throw malformed('TYPEOF is not supported by this org.');
      }
    }
    const seen = new Set<string>();
    for (const { path } of columns) {
      const name = path.join('.').toLowerCase();
      if (seen.has(name))
        throw new SalesforceError(400, 'INVALID_FIELD', `duplicate field selected: ${path.join('.')}`);
      seen.add(name);
    }
    refuseLock(query);
    const where = this.where(query.where);
    const orderBy = this.orderBy(query.orderBy, (clause) =>
      'fn' in clause ? this.term(clause.fn) : this.resolve(clause.field),
    );
    const limit = this.limit(query);
    return {
      kind: 'rows',
      object: this.object,
      columns,
      children,
      from: this.from(),
      where,
      orderBy: `${orderBy}${orderBy === '' ? 'ORDER BY ' : ', '}${this.prefix}.seq`,
      limit,
      parameters: this.parameters,
    };
  }

  public aggregate(query: Query): CompiledAggregate {
    if (this.options.purpose === 'bulk')
      throw malformed('Bulk API 2.0 does not support aggregate functions or GROUP BY.');
    const fields = query.fields ?? [];
    const [first] = fields;
    const isBareCount =
      fields.length === 1 &&
      first !== undefined &&
      isAggregateFunction(first) &&
      first.functionName.toUpperCase() === 'COUNT' &&
      first.parameters.length === 0;
    const groups = asList(query.groupBy).map((clause) => this.group(clause));
    let unnamed = 0;
    const columns = fields.map((field): AggregateColumn => {
      if (field.type === 'Field' || field.type === 'FieldRelationship') {
        const resolved = this.column(field);
        const grouped = groups.some(({ sql }) => sql === resolved.sql);
        if (!grouped) {
          throw malformed(`Field must be grouped or aggregated: ${resolved.path.join('.')}`);
        }
        return {
          name: field.type === 'Field' ? (field.alias ?? resolved.field.api) : resolved.field.api,
          sql: resolved.sql,
          read: resolved.field,
          isGroup: true,
        };
      }
      if (!isAggregateFunction(field)) throw malformed('Nested queries and TYPEOF cannot stand beside aggregates.');
      const column = this.aggregateColumn(field, groups, isBareCount);
      const name = field.alias ?? `expr${unnamed}`;
      if (field.alias === undefined) unnamed += 1;
      return { name, ...column };
    });
    const taken = new Set<string>();
    for (const { name } of columns) {
      if (taken.has(name.toLowerCase())) throw malformed(`duplicate alias: ${name}`);
      taken.add(name.toLowerCase());
    }
    const where = this.where(query.where);
    const groupBy = groups.length === 0 ? '' : `GROUP BY ${groups.map(({ sql }) => sql).join(', ')}`;
    if (query.for !== undefined) throw malformed(`FOR ${query.for} is not allowed with aggregates or GROUP BY.`);
    const having = this.having(query.having, groups);
    const orderBy = this.orderBy(query.orderBy, (clause) =>
      this.groupedTerm(clause, groups, `Ordered field must be grouped or aggregated`),
    );
    const limit = this.limit(query);
    const list = columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ');
    return {
      kind: 'aggregate',
      object: this.object,
      columns,
      isBareCount,
      isGrouped: groups.length > 0,
      sql: `SELECT ${list} ${this.from()} ${where} ${groupBy} ${having} ${orderBy} ${limit}`,
      parameters: this.parameters,
    };
  }

  /** The columns of a query with FIELDS() spelled out. */
  private selected(query: Query | Subquery): SelectedField[] {
    return (query.fields ?? []).flatMap((field): SelectedField[] => {
      if (field.type !== 'FieldFunctionExpression' || field.functionName.toUpperCase() !== 'FIELDS') return [field];
      const which = String(field.parameters[0] ?? '').toUpperCase();
      if (which !== 'ALL' && which !== 'STANDARD' && which !== 'CUSTOM')
        throw malformed(`FIELDS(${which}): expected ALL, STANDARD or CUSTOM.`);
      if (which !== 'STANDARD' && this.options.purpose === 'bulk')
        throw malformed(`FIELDS(${which}) is not supported by Bulk API 2.0.`);
      if (which !== 'STANDARD' && !(query.limit !== undefined && query.limit <= MAXIMUM_FIELDS_ROWS))
        throw malformed(`The SOQL FIELDS function must have a LIMIT of at most ${MAXIMUM_FIELDS_ROWS}`);
      return Object.values(this.object.fields)
        .filter(({ custom }) => which === 'ALL' || custom === (which === 'CUSTOM'))
        .map(({ api }) => ({ type: 'Field', field: api }));
    });
  }

  /** A selected function that changes how a field reads. */
  private shown(call: FieldFunctionExpression): Column {
    const [argument, ...more] = call.parameters;
    const name = call.functionName.toUpperCase();
    if (argument === undefined || more.length > 0 || !['TOLABEL', 'FORMAT', 'CONVERTCURRENCY'].includes(name))
      throw malformed(
        `${call.functionName}() is not supported by this org${isDateFunction(name) ? ' without GROUP BY' : ''}.`,
      );
    const inner = typeof argument === 'string' ? this.resolve(argument) : this.shown(argument);
    if (name === 'CONVERTCURRENCY') return this.converted(call, inner);
    const show = this.reading(name, inner);
    const path = call.alias === undefined ? inner.path : [call.alias];
    const parents = call.alias === undefined ? inner.parents : [];
    return { sql: inner.sql, field: inner.field, path, parents, show };
  }

  /** An amount in the currency of the user, which is the corporate one. */
  private converted(call: FieldFunctionExpression, inner: Resolved | Column): Column {
    const { sql, field, path, parents } = inner;
    if (!this.hasCurrencies()) throw malformed('convertCurrency() is not supported by an org with a single currency.');
    if (!('of' in inner) || field.type !== 'Currency') throw malformed(`convertCurrency() takes a currency field.`);
    const amount = corporate(sql, inner.of.object, inner.of.alias);
    return call.alias === undefined
      ? { sql: amount, field, path, parents }
      : { sql: amount, field, path: [call.alias], parents: [] };
  }

  private readonly hasCurrencies = (): boolean => this.catalog.object('CurrencyType') !== undefined;

  private reading(name: string, { field }: Pick<Column, 'field'>): (value: Value) => Value {
    if (name === 'FORMAT' && field.type === 'Currency' && this.hasCurrencies())
      throw malformed('FORMAT() of an amount is not supported by this org with several currencies.');
    if (name === 'FORMAT') return formatted(field, 'USD');
    if (name === 'TOLABEL' && field.type === 'Picklist') return labelled(field);
    throw malformed(`toLabel() takes a picklist, and ${field.api} is none.`);
  }

  /** A function of one field outside SELECT: a part of a date. */
  private term(call: CallOf): Resolved {
    const name = call.functionName ?? '';
    const [argument, ...more] = call.parameters ?? [];
    if (argument === undefined || more.length > 0 || !isDateFunction(name))
      throw malformed(`${call.rawValue ?? name} is not supported by this org.`);
    const inner = typeof argument === 'string' ? this.resolve(argument) : this.inUsersTime(argument);
    const part = partOfDate(name, inner);
    if (part === null) throw malformed(`field ${inner.field.api} does not support ${name}()`);
    return { ...inner, ...part };
  }

  /** All users of this org live by UTC, so that an instant is what it is. */
  private inUsersTime(call: CallOf): Resolved {
    const [argument] = call.parameters ?? [];
    if (call.functionName?.toUpperCase() !== 'CONVERTTIMEZONE' || typeof argument !== 'string')
      throw malformed(`${call.rawValue ?? ''} is not supported by this org.`);
    return this.resolve(argument);
  }

  private aggregateColumn(
    call: FieldFunctionExpression,
    groups: readonly Resolved[],
    isBareCount: boolean,
  ): Omit<AggregateColumn, 'name'> {
    const name = call.functionName.toUpperCase();
    if (isDateFunction(name)) {
      const { sql, field } = this.groupedTerm({ fn: call }, groups, 'Function must be grouped');
      return { sql, read: field, isGroup: true };
    }
    const [inner] = call.parameters;
    if (name === 'FORMAT' && inner !== undefined && typeof inner !== 'string') {
      const { sql, read } = this.aggregateFunction(inner, false);
      const field = read === 'count' ? wholeNumber({ api: 'count', label: 'Count' }) : read;
      return { sql, read: field, isGroup: false, show: formatted(field, 'USD') };
    }
    return { ...this.aggregateFunction(call, isBareCount), isGroup: false };
  }

  /** What may be compared or sorted beside aggregates: one of them, or what the rows are grouped by. */
  private groupedTerm(
    clause: { field: string } | { fn: CallOf },
    groups: readonly Resolved[],
    otherwise: string,
  ): Pick<Resolved, 'sql' | 'field'> {
    if ('fn' in clause && isKnownAggregate(clause.fn.functionName ?? '')) {
      const { sql, read } = this.aggregateFunction(clause.fn, false);
      return {
        sql,
        field: read === 'count' ? wholeNumber({ api: clause.fn.rawValue ?? 'count', label: 'Count' }) : read,
      };
    }
    const resolved = 'fn' in clause ? this.term(clause.fn) : this.resolve(clause.field);
    if (!groups.some(({ sql }) => sql === resolved.sql)) {
      throw malformed(`${otherwise}: ${'fn' in clause ? (clause.fn.rawValue ?? '') : clause.field}`);
    }
    return resolved;
  }

  private having(clause: HavingClause | undefined, groups: readonly Resolved[]): string {
    if (clause === undefined) return '';
    // The parser loses the first condition behind it.
    if (/\bHAVING\b.*\bNOT\s*\(/is.test(this.soql))
      throw malformed('NOT before a parenthesis is not supported in HAVING.');
    const target = (condition: Comparison): Pick<Resolved, 'sql' | 'field'> => {
      if (condition.subquery !== undefined) throw malformed('Sub-selects are not allowed in HAVING.');
      const { fn, field } = condition;
      return this.groupedTerm(
        fn === undefined ? { field } : { fn },
        groups,
        'Having field must be grouped or aggregated',
      );
    };
    return `HAVING ${this.condition(new Tokens(tokensOf(clause)), target)}`;
  }

  private aggregateFunction(call: CallOf, isBareCount: boolean): { sql: string; read: AggregateColumn['read'] } {
    const name = (call.functionName ?? '').toUpperCase();
    if (!isKnownAggregate(name)) throw malformed(`${call.functionName ?? ''}() is not supported by this org.`);
    const [argument, ...more] = call.parameters ?? [];
    if (argument === undefined) {
      if (name === 'COUNT' && isBareCount) return { sql: 'COUNT(*)', read: 'count' };
      throw malformed(`${name}() needs a field.`);
    }
    if (typeof argument !== 'string' || more.length > 0) throw malformed(`${name}() takes one field.`);
    const resolved = this.resolve(argument);
    const { field, of } = resolved;
    // Amounts in several currencies add up in the corporate one.
    const mixed = field.type === 'Currency' && 'CurrencyIsoCode' in of.object.fields && name !== 'COUNT';
    const sql = mixed ? corporate(resolved.sql, of.object, of.alias) : resolved.sql;
    const isNumber = field.type === 'Number' || field.type === 'Currency' || field.type === 'Percent';
    const sortable = isNumber || field.type === 'Date' || field.type === 'DateTime' || isTextual(field);
    switch (name) {
      case 'COUNT':
        return { sql: `COUNT(${sql})`, read: 'count' };
      case 'COUNT_DISTINCT':
        return { sql: `COUNT(DISTINCT ${isTextual(field) ? `fold(${sql})` : sql})`, read: 'count' };
      case 'SUM':
      case 'AVG':
        if (!isNumber) throw malformed(`field ${field.api} does not support aggregate operator ${name}`);
        return { sql: `${name}(${sql})`, read: field };
      default:
        if (!sortable || field.type === 'LongTextArea')
          throw malformed(`field ${field.api} does not support aggregate operator ${name}`);
        return { sql: `${name}(${sql})`, read: field };
    }
  }

  private group(clause: GroupByClause): Resolved {
    if ('fn' in clause) return this.term(clause.fn);
    const resolved = this.resolve(clause.field);
    if (resolved.field.type === 'LongTextArea')
      throw malformed(`field '${clause.field}' can not be grouped in a query call`);
    return resolved;
  }

  private from(): string {
    return `FROM ${table(this.object)} AS ${this.prefix} ${[...this.joins.values()].map(({ sql }) => sql).join(' ')}`;
  }

  private column(field: { field: string; relationships?: string[] }): Column {
    const path = [...(field.relationships ?? []), field.field].join('.');
    return this.resolve(path);
  }

  /** A field by its path from the object after FROM; joins the parents on the way. */
  private resolve(path: string): Resolved {
    const steps = path.split('.');
    const first = steps[0]?.toLowerCase();
    if (steps.length > 1 && (first === this.alias?.toLowerCase() || first === this.object.api.toLowerCase()))
      steps.shift();
    if (steps.length > MAXIMUM_PATH + 1) throw malformed(`a path may have at most ${MAXIMUM_PATH} parents: ${path}`);
    let object = this.object;
    let alias = this.prefix;
    const parents: ParentRef[] = [];
    for (const [index, step] of steps.slice(0, -1).entries()) {
      const reference = Object.values(object.fields).find(
        ({ relationshipName }) => relationshipName?.toLowerCase() === step.toLowerCase(),
      );
      if (reference === undefined) throw this.noRelation(step, object);
      if ((reference.referenceTo?.length ?? 0) > 1)
        return this.anyParent(reference, alias, parents, steps.slice(index + 1), step);
      const parent = this.parentOf(reference, step);
      const key = `${alias}.${reference.api}`;
      const join = this.joins.get(key) ?? this.addJoin(key, parent, `${alias}.${quoted(reference.api)}`);
      parents.push({ name: reference.relationshipName ?? step, object: parent.api, idSql: `${join.alias}."Id"` });
      object = parent;
      alias = join.alias;
    }
    const name = steps.at(-1) ?? '';
    const field = fieldOf(object, name);
    if (field === undefined) throw this.noColumn(name, object);
    return {
      sql: `${alias}.${quoted(field.api)}`,
      field,
      parents,
      path: [...parents.map((parent) => parent.name), field.api],
      of: { object, alias },
    };
  }

  private parentOf(reference: FieldDefinition, step: string): ObjectDefinition {
    const parent = this.catalog.object(reference.referenceTo?.[0] ?? '');
    if (parent === undefined)
      throw malformed(`The relationship '${step}' leads to an object that this org does not have.`);
    return parent;
  }

  /** What a field that leads to several objects knows of any of them: id, name and kind, as Salesforce's Name object. */
  private anyParent(
    reference: FieldDefinition,
    alias: string,
    parents: readonly ParentRef[],
    [name = '', ...further]: readonly string[],
    step: string,
  ): Resolved {
    const idSql = `${alias}.${quoted(reference.api)}`;
    const targets = (reference.referenceTo ?? []).flatMap((api) => this.catalog.object(api) ?? []);
    const kinds = Object.fromEntries(targets.map(({ keyPrefix, api }) => [keyPrefix, api]));
    const parent = { name: reference.relationshipName ?? step, object: 'Name', idSql, kinds };
    const known = (api: string, sql: string, type: FieldDefinition['type']): Resolved => ({
      sql,
      field: { ...wholeNumber({ api, label: api }), type, length: 255 },
      parents: [...parents, parent],
      path: [...parents.map((each) => each.name), parent.name, api],
      of: { object: this.object, alias },
    });
    switch (further.length > 0 ? '' : name.toLowerCase()) {
      case 'id':
        return known('Id', idSql, 'Id');
      case 'type': {
        const cases = targets.map(({ keyPrefix, api }) => `WHEN '${keyPrefix}' THEN '${api}'`).join(' ');
        return known('Type', targets.length === 0 ? 'NULL' : `CASE substr(${idSql}, 1, 3) ${cases} END`, 'Text');
      }
      case 'name': {
        const names = targets.map((target) => {
          const join =
            this.joins.get(`${idSql} ${target.api}`) ?? this.addJoin(`${idSql} ${target.api}`, target, idSql);
          const field = target.fields['Name'] ?? Object.values(target.fields).find(({ type }) => type === 'AutoNumber');
          return field === undefined ? 'NULL' : `${join.alias}.${quoted(field.api)}`;
        });
        return known('Name', `COALESCE(${[...names, 'NULL', 'NULL'].join(', ')})`, 'Text');
      }
      default:
        throw this.noColumn(name, { ...this.object, api: 'Name' });
    }
  }

  private addJoin(key: string, parent: ObjectDefinition, foreignKey: string): { alias: string; sql: string } {
    const alias = `${this.prefix}${this.joins.size + 1}`;
    const join = { alias, sql: `LEFT JOIN ${table(parent)} AS ${alias} ON ${alias}."Id" = ${foreignKey}` };
    this.joins.set(key, join);
    return join;
  }

  private child(subquery: Subquery): ChildQuery {
    refuseUnsupported(subquery);
    if (subquery.for !== undefined) throw malformed('FOR is not allowed in a nested query.');
    if (subquery.groupBy !== undefined) throw malformed('Aggregates are not allowed in a nested query.');
    const name = subquery.relationshipName;
    const found = this.childRelation(name);
    if (found === undefined) {
      throw new SalesforceError(
        400,
        'INVALID_TYPE',
        `${this.context(name)}\nDidn't understand relationship '${name}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
      );
    }
    if ((subquery.fields ?? []).some(({ type }) => type === 'FieldSubquery')) {
      throw malformed('A nested query may not nest another one.');
    }
    const compiler = new Compiler(this.soql, this.catalog, this.options, found.object, undefined, `${this.prefix}c`);
    return { name: found.name, foreignKey: found.field.api, query: compiler.rows(subquery) };
  }

  private childRelation(name: string): { name: string; object: ObjectDefinition; field: FieldDefinition } | undefined {
    for (const object of this.objects()) {
      for (const field of Object.values(object.fields)) {
        if (
          field.childRelationshipName?.toLowerCase() === name.toLowerCase() &&
          field.referenceTo?.includes(this.object.api) === true
        ) {
          return { name: field.childRelationshipName, object, field };
        }
      }
    }
    return undefined;
  }

  private objects(): readonly ObjectDefinition[] {
    return this.catalog instanceof ListedCatalog ? this.catalog.list : [];
  }

  private where(clause: WhereClause | undefined): string {
    const live =
      'IsDeleted' in this.object.fields && !this.options.withDeleted ? `${this.prefix}."IsDeleted" = 0` : '1';
    if (clause === undefined) return `WHERE ${live}`;
    return `WHERE ${live} AND (${this.condition(new Tokens(tokensOf(clause)))})`;
  }

  /** One run of conditions joined by the same operator; Salesforce refuses AND beside OR without parentheses. */
  private condition(tokens: Tokens, target: Target = (condition) => this.target(condition)): string {
    const semiJoins = this.semiJoins;
    const parts = [this.operand(tokens, target)];
    let joined: 'AND' | 'OR' | undefined;
    for (let next = tokens.peek(); next === 'AND' || next === 'OR'; next = tokens.peek()) {
      if (joined !== undefined && joined !== next) throw malformed(`unexpected token: '${next}'`);
      joined = next;
      tokens.take();
      parts.push(this.operand(tokens, target));
    }
    if (joined === 'OR' && this.semiJoins > semiJoins)
      throw malformed('Semi join sub-selects are not allowed with the OR operator.');
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(` ${joined ?? 'AND'} `)})`;
  }

  private operand(tokens: Tokens, target: Target): string {
    const token = tokens.take();
    if (token === 'NOT') return `(NOT COALESCE(${this.operand(tokens, target)}, 0))`;
    if (token === '(') {
      const inner = this.condition(tokens, target);
      if (tokens.take() !== ')') throw malformed("expecting ')'");
      return inner;
    }
    if (token === undefined || typeof token === 'string') throw malformed(`unexpected token: '${token ?? '<EOF>'}'`);
    return this.comparison(token, target(token));
  }

  private target({ field, fn }: Comparison): Pick<Resolved, 'sql' | 'field'> {
    if (fn === undefined) return this.resolve(field);
    const [argument] = fn.parameters ?? [];
    // Labels are compared as the values that they stand for.
    if (fn.functionName?.toUpperCase() === 'TOLABEL' && typeof argument === 'string') return this.resolve(argument);
    return this.term(fn);
  }

  private comparison(given: Comparison, { sql, field }: Pick<Resolved, 'sql' | 'field'>): string {
    const condition = given.fn?.functionName?.toUpperCase() === 'TOLABEL' ? unlabelled(given, field) : given;
    if (condition.subquery !== undefined) return this.semiJoin(sql, field, condition, condition.subquery);
    if (field.type === 'LongTextArea') {
      throw new SalesforceError(
        400,
        'INVALID_FIELD',
        `${this.context(condition.field)}\nfield '${field.api}' can not be filtered in a query call`,
      );
    }
    const { operator } = condition;
    if (operator === 'INCLUDES' || operator === 'EXCLUDES') return this.choices(sql, field, condition);
    if (operator === 'IN' || operator === 'NOT IN') return this.membership(sql, field, condition);
    const [literal] = condition.literals;
    if (literal === undefined) throw malformed(`'${condition.field} ${operator}' needs a value`);
    if (operator === 'LIKE') return this.like(sql, field, literal);
    if (literal.type === 'NULL') return this.againstNull(sql, field, operator);
    if (literal.type === 'DATE_LITERAL' || literal.type === 'DATE_N_LITERAL')
      return this.againstRange(sql, field, operator, literal);
    const value = this.value(field, literal);
    // By ranges of a record's own id rows are read in chunks; of what it points to there are none.
    const hasOrder = field.type !== 'Checkbox' && (!isReference(field) || field.api === 'Id');
    if (operator !== '=' && operator !== '!=' && !hasOrder) {
      throw malformed(`invalid operator on ${field.type === 'Checkbox' ? 'boolean' : 'id'} field`);
    }
    const left = isTextual(field) && !field.caseSensitive ? `fold(${sql})` : sql;
    const right = this.parameter(
      isTextual(field) && !field.caseSensitive && typeof value === 'string' ? fold(value) : value,
    );
    if (operator === '!=') return `COALESCE(${left} != ${right}, 1)`;
    return `COALESCE(${left} ${operator} ${right}, 0)`;
  }

  /** Ids that another query finds; of a field without a value it finds none. */
  private semiJoin(sql: string, field: FieldDefinition, { operator }: Comparison, subquery: Query): string {
    const [selected, ...more] = subquery.fields ?? [];
    const isPlain = selected?.type === 'Field' || selected?.type === 'FieldRelationship';
    if (!isReference(field) || (operator !== 'IN' && operator !== 'NOT IN'))
      throw malformed(`Only id fields can be compared with a sub-select: ${field.api}`);
    if (!isPlain || more.length > 0) throw malformed('The inner select of a semi join must select exactly one field.');
    refuseUnsupported(subquery);
    if (subquery.limit !== undefined || subquery.orderBy !== undefined || subquery.groupBy !== undefined)
      throw malformed('The inner select of a semi join takes a WHERE clause only.');
    const object = this.catalog.object(subquery.sObject ?? '');
    if (object === undefined) throw invalidType(subquery.sObject ?? '', this.soql);
    this.semiJoins += 1;
    const inner = new Compiler(
      this.soql,
      this.catalog,
      this.options,
      object,
      subquery.sObjectAlias,
      `${this.prefix}s${this.semiJoins}`,
    );
    const column = inner.column(selected);
    if (!isReference(column.field))
      throw malformed(`The inner select of a semi join must select an id: ${column.field.api}`);
    const where = inner.where(subquery.where);
    if (inner.semiJoins > 0) throw malformed('Nesting of semi join sub-selects is not supported');
    this.parameters.push(...inner.parameters);
    const found = `COALESCE(${sql} IN (SELECT ${column.sql} ${inner.from()} ${where} AND ${column.sql} IS NOT NULL), 0)`;
    return operator === 'IN' ? found : `(NOT ${found})`;
  }

  /** `INCLUDES ('A;B', 'C')`: A and B together, or C. */
  private choices(sql: string, field: FieldDefinition, { operator, literals }: Comparison): string {
    if (field.type !== 'MultiselectPicklist') throw malformed(`invalid operator on ${field.type.toLowerCase()} field`);
    const any = literals.map((literal) => {
      if (literal.type !== 'STRING') throw this.wrongType(field, literal.text);
      const all = literal.text
        .split(';')
        .map((choice) => `instr(';' || fold(${sql}) || ';', ${this.parameter(`;${fold(choice)};`)}) > 0`);
      return `(${all.join(' AND ')})`;
    });
    const included = `COALESCE(${any.join(' OR ')}, 0)`;
    return operator === 'INCLUDES' ? included : `(NOT ${included})`;
  }

  private membership(sql: string, field: FieldDefinition, condition: Comparison): string {
    const values = condition.literals
      .filter(({ type }) => type !== 'NULL')
      .map((literal) => this.value(field, literal));
    const wantsNull = condition.literals.some(({ type }) => type === 'NULL');
    const folded = isTextual(field) && !field.caseSensitive;
    const list = values
      .map((value) => this.parameter(folded && typeof value === 'string' ? fold(value) : value))
      .join(', ');
    const inList = values.length === 0 ? '0' : `COALESCE(${folded ? `fold(${sql})` : sql} IN (${list}), 0)`;
    const matches = wantsNull ? `(${inList} OR ${sql} IS NULL)` : inList;
    return condition.operator === 'IN' ? matches : `(NOT ${matches})`;
  }

  private like(sql: string, field: FieldDefinition, literal: Literal): string {
    if (!isTextual(field)) throw malformed(`invalid operator on ${field.type.toLowerCase()} field`);
    if (literal.type !== 'STRING') throw malformed('LIKE needs a string');
    return `COALESCE(fold(${sql}) LIKE ${this.parameter(likePattern(literal.text))} ESCAPE '!', 0)`;
  }

  private againstNull(sql: string, field: FieldDefinition, operator: Comparison['operator']): string {
    if (operator !== '=' && operator !== '!=') throw malformed(`invalid operator '${operator}' with null`);
    // A checkbox is never null; Salesforce reads `= null` as `= false`. [K]
    if (field.type === 'Checkbox') return operator === '=' ? `${sql} = 0` : `${sql} = 1`;
    return `${sql} IS ${operator === '=' ? '' : 'NOT '}NULL`;
  }

  private againstRange(
    sql: string,
    field: FieldDefinition,
    operator: Comparison['operator'],
    literal: Literal,
  ): string {
    if (field.type !== 'Date' && field.type !== 'DateTime') throw this.wrongType(field, literal.text);
    const range = rangeOf(literal.text, this.options.now);
    if (range === undefined) throw malformed(`the date literal ${literal.text} is not supported by this org.`);
    const [from, until] = boundsFor(field, range);
    const a = this.parameter.bind(this);
    switch (operator) {
      case '=':
        return `COALESCE(${sql} >= ${a(from)} AND ${sql} < ${a(until)}, 0)`;
      case '!=':
        return `COALESCE(NOT (${sql} >= ${a(from)} AND ${sql} < ${a(until)}), 1)`;
      case '<':
        return `COALESCE(${sql} < ${a(from)}, 0)`;
      case '<=':
        return `COALESCE(${sql} < ${a(until)}, 0)`;
      case '>':
        return `COALESCE(${sql} >= ${a(until)}, 0)`;
      case '>=':
        return `COALESCE(${sql} >= ${a(from)}, 0)`;
      case 'LIKE':
      case 'IN':
      case 'NOT IN':
      case 'INCLUDES':
      case 'EXCLUDES':
        throw malformed(`invalid operator '${operator}' with a date literal`);
    }
  }

  /** A literal as the store keeps it; a literal of another type than the field's is refused, as Salesforce refuses it. */
  private value(field: FieldDefinition, literal: Literal): Stored {
    switch (field.type) {
      case 'Checkbox':
        if (literal.type !== 'BOOLEAN') throw this.wrongType(field, literal.text);
        return literal.text.toUpperCase() === 'TRUE' ? 1 : 0;
      case 'Number':
      case 'Currency':
      case 'Percent': {
        if (literal.type !== 'INTEGER' && literal.type !== 'DECIMAL') throw this.wrongType(field, literal.text);
        // A literal finer than the field lies between two stored values; compare with the exact number then.
        const scale = field.scale ?? 0;
        const decimals = /\.(\d+)/.exec(literal.text)?.[1]?.replace(/0+$/, '').length ?? 0;
        return decimals > scale ? Number(literal.text) * 10 ** scale : scaledInteger(literal.text, scale);
      }
      case 'Date':
        if (literal.type !== 'DATE' || Number.isNaN(Date.parse(`${literal.text}T00:00:00Z`)))
          throw this.wrongType(field, literal.text);
        return literal.text;
      case 'DateTime': {
        const time = literal.type === 'DATETIME' || literal.type === 'DATE' ? parseInstant(literal.text) : Number.NaN;
        if (Number.isNaN(time)) throw this.wrongType(field, literal.text);
        return time;
      }
      case 'Id':
      case 'Lookup':
      case 'MasterDetail': {
        if (literal.type !== 'STRING') throw this.wrongType(field, literal.text);
        const id = to18(literal.text);
        if (!/^[a-zA-Z0-9]{18}$/.test(id)) {
          throw new SalesforceError(
            400,
            'INVALID_QUERY_FILTER_OPERATOR',
            `${this.context(literal.text)}\ninvalid ID field: ${literal.text}`,
          );
        }
        return id;
      }
      case 'Picklist':
      case 'MultiselectPicklist':
      case 'MultiselectPicklist':
      case 'Text':
      case 'TextArea':
      case 'LongTextArea':
      case 'AutoNumber':
      case 'Email':
      case 'Phone':
      case 'Url':
        if (literal.type !== 'STRING') throw this.wrongType(field, literal.text);
        return literal.text;
    }
  }

  private parameter(value: Stored): string {
    this.parameters.push(value);
    return '?';
  }

  private orderBy(
    clauses: OrderByClause | OrderByClause[] | undefined,
    resolve: (clause: OrderByClause) => Pick<Resolved, 'sql' | 'field'>,
  ): string {
    const list = asList(clauses);
    if (list.length === 0) return '';
    const terms = list.map((clause) => {
      const { sql, field } = resolve(clause);
      if (field.type === 'LongTextArea') throw malformed(`field '${field.api}' can not be sorted in a query call`);
      const descending = clause.order === 'DESC';
      // Salesforce: nulls first, ascending and descending, unless the query says otherwise.
      const nulls = clause.nulls ?? 'FIRST';
      const term = isTextual(field) ? `fold(${sql})` : sql;
      return `${term} ${descending ? 'DESC' : 'ASC'} NULLS ${nulls}`;
    });
    return `ORDER BY ${terms.join(', ')}`;
  }

  private limit(query: Query | Subquery): string {
    const { limit, offset } = query;
    if (offset !== undefined && this.options.purpose === 'bulk')
      throw malformed('Bulk API 2.0 does not support OFFSET.');
    if (offset !== undefined && offset > MAXIMUM_OFFSET) {
      throw new SalesforceError(400, 'NUMBER_OUTSIDE_VALID_RANGE', `Maximum SOQL offset allowed is ${MAXIMUM_OFFSET}`);
    }
    if (limit === undefined && offset === undefined) return '';
    return `LIMIT ${limit === undefined ? -1 : Math.trunc(limit)} OFFSET ${Math.trunc(offset ?? 0)}`;
  }

  private wrongType(field: FieldDefinition, literal: string): SalesforceError {
    const wants = wireType(field);
    const quotes = isTextual(field) || isReference(field) ? 'should' : 'should not';
    return new SalesforceError(
      400,
      'INVALID_FIELD',
      `${this.context(literal)}\nvalue of filter criterion for field '${field.api}' must be of type ${wants} and ${quotes} be enclosed in quotes`,
    );
  }

  private noColumn(name: string, object: ObjectDefinition): SalesforceError {
    return new SalesforceError(
      400,
      'INVALID_FIELD',
      `${this.context(name)}\nNo such column '${name}' on entity '${object.api}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
    );
  }

  private noRelation(name: string, object: ObjectDefinition): SalesforceError {
    return new SalesforceError(
      400,
      'INVALID_FIELD',
      `${this.context(name)}\nDidn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names. (${object.api})`,
    );
  }

  /** The piece of the query around a word, and a caret below it, as Salesforce shows where it stopped. */
  private context(word: string): string {
    const at = Math.max(0, this.soql.toLowerCase().indexOf(word.toLowerCase()));
    const from = Math.max(0, at - 30);
    const piece = this.soql.slice(from, at + word.length + 30).replaceAll(/\s/g, ' ');
    return `\n${piece}\n${' '.repeat(at - from)}^\nERROR at Row:1:Column:${at + 1}`;
  }
}

/** The catalog that also lists its objects, so that child relationships can be found. */
export class ListedCatalog implements Catalog {
  private byName: Map<string, ObjectDefinition> = new Map();
  private objects: readonly ObjectDefinition[] = [];

  public constructor(list: readonly ObjectDefinition[]) {
    this.become(list);
  }

  public get list(): readonly ObjectDefinition[] {
    return this.objects;
  }

  /** A deploy changes what the org has, for everyone who holds this catalog. */
  public become(list: readonly ObjectDefinition[]): void {
    this.objects = list;
    this.byName = new Map(list.map((object) => [object.api.toLowerCase(), object]));
  }

  public object(name: string): ObjectDefinition | undefined {
    return this.byName.get(name.toLowerCase());
  }
}

export function fieldOf(object: ObjectDefinition, name: string): FieldDefinition | undefined {
  const exact = Object.hasOwn(object.fields, name) ? object.fields[name] : undefined;
  return exact ?? Object.values(object.fields).find(({ api }) => api.toLowerCase() === name.toLowerCase());
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const table = (object: ObjectDefinition): string => quoted(object.api);

/** How text is compared: without regard to case, in any script. */
export const fold = (text: string): string => text.toLowerCase();

export const isReference = (field: FieldDefinition): boolean =>
  field.type === 'Id' || field.type === 'Lookup' || field.type === 'MasterDetail';

export function isTextual(field: FieldDefinition): boolean {
  return [
    'Text',
    'TextArea',
    'LongTextArea',
    'Picklist',
    'MultiselectPicklist',
    'AutoNumber',
    'Email',
    'Phone',
    'Url',
  ].includes(field.type);
}

function wireType(field: FieldDefinition): string {
  switch (field.type) {
    case 'Checkbox':
      return 'boolean';
    case 'Number':
      return field.scale === 0 ? 'int' : 'double';
    case 'Currency':
      return 'currency';
    case 'Percent':
      return 'percent';
    case 'Date':
      return 'date';
    case 'DateTime':
      return 'dateTime';
    case 'Id':
    case 'Lookup':
    case 'MasterDetail':
    case 'Picklist':
    case 'MultiselectPicklist':
    case 'Text':
    case 'TextArea':
    case 'LongTextArea':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return 'string';
  }
}

function boundsFor(field: FieldDefinition, { from, until }: Range): [Stored, Stored] {
  return field.type === 'Date' ? [from, until] : [Date.parse(`${from}T00:00:00Z`), Date.parse(`${until}T00:00:00Z`)];
}

type Literal = { type: string; text: string };
/** What a condition compares: a field, or what a function makes of it. */
type Target = (condition: Comparison) => Pick<Resolved, 'sql' | 'field'>;

type Comparison = {
  field: string;
  fn?: FunctionExp;
  subquery?: Query;
  operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'IN' | 'NOT IN' | 'INCLUDES' | 'EXCLUDES';
  literals: Literal[];
};
type Token = '(' | ')' | 'AND' | 'OR' | 'NOT' | Comparison;

class Tokens {
  private next = 0;
  public constructor(private readonly tokens: readonly Token[]) {}
  public peek(): Token | undefined {
    return this.tokens[this.next];
  }
  public take(): Token | undefined {
    const token = this.tokens[this.next];
    this.next += 1;
    return token;
  }
}

/** The parser hands the WHERE clause over as a chain with counted parentheses; this is the chain as plain tokens. */
function tokensOf(clause: WhereClause | HavingClause): Token[] {
  const tokens: Token[] = [];
  for (let rest: WhereClause | HavingClause = clause; ; rest = rest.right) {
    const left: unknown = rest.left;
    if (isObject(left)) {
      for (let i = 0; i < countOf(left['openParen']); i += 1) tokens.push('(');
      if ('operator' in left) tokens.push(comparisonOf(left));
      for (let i = 0; i < countOf(left['closeParen']); i += 1) tokens.push(')');
    }
    if (!('operator' in rest)) return tokens;
    tokens.push(rest.operator);
  }
}

function comparisonOf(condition: Record<string, unknown>): Comparison {
  const { field, operator, value, literalType, fn, valueQuery } = condition;
  const call = isObject(fn) ? callOf(fn) : undefined;
  if (!isOperator(operator) || (call === undefined && typeof field !== 'string'))
    throw malformed('unexpected token in WHERE');
  const name = typeof field === 'string' ? field : (call?.rawValue ?? '');
  if (isQuery(valueQuery)) return { field: name, operator, literals: [], subquery: valueQuery };
  const values = Array.isArray(value) ? value : [value];
  const types = Array.isArray(literalType) ? literalType : values.map(() => literalType);
  return {
    field: name,
    ...(call === undefined ? {} : { fn: call }),
    operator,
    literals: values.map((text, index) => {
      const type = String(types[index] ?? types[0] ?? 'STRING');
      return { type, text: type === 'STRING' ? unquoted(String(text)) : String(text) };
    }),
  };
}

const isQuery = (value: unknown): value is Query => isObject(value) && 'sObject' in value;

function callOf(fn: Record<string, unknown>): FunctionExp {
  const { functionName, rawValue, parameters } = fn;
  return {
    ...(typeof functionName === 'string' ? { functionName } : {}),
    ...(typeof rawValue === 'string' ? { rawValue } : {}),
    parameters: (Array.isArray(parameters) ? parameters : []).map((each: unknown) =>
      isObject(each) ? callOf(each) : String(each),
    ),
  };
}

/** A comparison with labels as one with the values that they stand for; a label that there is not matches nothing. */
function unlabelled(condition: Comparison, field: FieldDefinition): Comparison {
  if (field.type !== 'Picklist') throw malformed(`toLabel() takes a picklist, and ${field.api} is none.`);
  const literals = condition.literals.map((literal) => {
    const named = field.values?.find(({ label }) => fold(label) === fold(literal.text));
    return literal.type === 'STRING' && named !== undefined ? { ...literal, text: named.api } : literal;
  });
  return { ...condition, literals };
}

const operators = ['=', '!=', '<', '<=', '>', '>=', 'LIKE', 'IN', 'NOT IN', 'INCLUDES', 'EXCLUDES'] as const;
const isOperator = (text: unknown): text is Comparison['operator'] => operators.some((operator) => operator === text);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const countOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

const escapes: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
  _: '\\_',
  '%': '\\%',
};

/** A string literal without its quotes and escapes; `\_` and `\%` stay escaped for LIKE. */
function unquoted(literal: string): string {
  const inner =
    literal.startsWith("'") && literal.endsWith("'") && literal.length >= 2 ? literal.slice(1, -1) : literal;
  return inner.replaceAll(/\\(u[0-9a-fA-F]{4}|.)/g, (whole, escape: string) => {
    if (escape.length === 5) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    const plain = escapes[escape.toLowerCase()] ?? escapes[escape];
    if (plain === undefined)
      throw malformed(`Invalid string literal ${whole}. Illegal character sequence '${whole}' in string literal.`);
    return plain;
  });
}

/** SOQL's pattern as SQL's: `%` and `_` mean the same, escaped ones are themselves; SQL's escape here is `!`. */
function likePattern(text: string): string {
  return fold(text)
    .replaceAll('!', '!!')
    .replaceAll(/\\([_%])/g, '!$1');
}

const asList = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const malformed = (message: string): SalesforceError => new SalesforceError(400, 'MALFORMED_QUERY', message);

function invalidType(name: string, soql: string): SalesforceError {
  const at = Math.max(0, soql.toLowerCase().indexOf(name.toLowerCase()));
  const from = Math.max(0, at - 30);
  return new SalesforceError(
    400,
    'INVALID_TYPE',
    `\n${soql.slice(from, at + name.length)}\n${' '.repeat(at - from)}^\nERROR at Row:1:Column:${at + 1}\nsObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}
