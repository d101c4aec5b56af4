/** What the columns of a query are, as `columns=true` asks: for clients that print a table before they have a row. */
import type { FieldDefinition } from '../schema/model.js';
import { wireTypeOf } from './describe.js';
import type { AggregateColumn, Compiled, CompiledRows } from './soql.js';

type ColumnMetadata = {
  aggregate: boolean;
  apexType: string;
  booleanType: boolean;
  columnName: string;
  custom: boolean;
  displayName: string;
  foreignKeyName: string | null;
  insertable: boolean;
  joinColumns: ColumnMetadata[];
  numberType: boolean;
  textType: boolean;
  updatable: boolean;
};

export function columnsJson(compiled: Compiled): Record<string, unknown> {
  const isRows = compiled.kind === 'rows';
  return {
    columnMetadata: isRows ? rowColumns(compiled) : compiled.columns.map(aggregateColumn),
    entityName: compiled.object.api,
    groupBy: compiled.kind === 'aggregate' && compiled.isGrouped,
    idSelected: isRows && compiled.columns.some(({ path }) => path.length === 1 && path[0] === 'Id'),
    keyPrefix: compiled.object.keyPrefix,
  };
}

function rowColumns({ columns, children }: CompiledRows): ColumnMetadata[] {
  const found: ColumnMetadata[] = [];
  for (const { path, field } of columns) place(found, path, fieldColumn(field));
  for (const { name, query } of children) {
    found.push({ ...group(name), aggregate: true, joinColumns: rowColumns(query) });
  }
  return found;
}

/** A parent's columns stand below the parent. */
function place(into: ColumnMetadata[], [first = '', ...rest]: readonly string[], column: ColumnMetadata): void {
  if (rest.length === 0) {
    into.push(column);
    return;
  }
  const known = into.find(({ columnName, joinColumns }) => columnName === first && joinColumns.length > 0);
  const parent = known ?? group(first);
  if (known === undefined) into.push(parent);
  place(parent.joinColumns, rest, column);
}

const plain = (name: string): ColumnMetadata => ({
  aggregate: false,
  apexType: 'String',
  booleanType: false,
  columnName: name,
  custom: false,
  displayName: name,
  foreignKeyName: null,
  insertable: false,
  joinColumns: [],
  numberType: false,
  textType: false,
  updatable: false,
});

const group = (name: string): ColumnMetadata => ({ ...plain(name), custom: name.endsWith('__r') });

function fieldColumn(field: FieldDefinition): ColumnMetadata {
  const type = wireTypeOf(field);
  const isNumber = type === 'int' || type === 'double' || type === 'currency' || type === 'percent';
  return {
    ...plain(field.api),
    apexType: apexTypeOf(type),
    booleanType: type === 'boolean',
    custom: field.custom,
    insertable: field.createable,
    numberType: isNumber,
    textType: !isNumber && !['boolean', 'date', 'datetime', 'id', 'reference'].includes(type),
    updatable: field.updateable,
  };
}

function apexTypeOf(type: string): string {
  switch (type) {
    case 'id':
    case 'reference':
      return 'Id';
    case 'boolean':
      return 'Boolean';
    case 'int':
      return 'Integer';
    case 'double':
    case 'currency':
    case 'percent':
      return 'Double';
    case 'date':
      return 'Date';
    case 'datetime':
      return 'Datetime';
    default:
      return 'String';
  }
}

function aggregateColumn({ name, read, isGroup }: AggregateColumn): ColumnMetadata {
  const column = read === 'count' ? { ...plain(name), apexType: 'Integer', numberType: true } : fieldColumn(read);
  return { ...column, columnName: name, displayName: name, aggregate: !isGroup };
}
