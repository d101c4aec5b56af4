/** Conditions of validation rules: comparisons, AND, OR, NOT, ISBLANK, ISPICKVAL and arithmetic; anything else is refused. */
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import { fieldOf } from './soql.js';
import type { StoredRow } from './store.js';

/** Whether a condition holds for a record; null where a blank leaves it open, which is no error for a rule. */
export type Condition = (row: StoredRow) => boolean | null;

/**
 * Compiles the condition of a validation rule on an object.
 *
 * Shape:  a comparison with a blank number, date or flag is open; blank text is the empty text; NOT of open is open, AND
 *         and OR take open for false. Numbers are exact decimals; a percent field is its fraction.
 * Errors: `FormulaError` in the words of Salesforce's formula editor, where it has words for it.
 * Source: salesforce/formula-engine, OperatorEquality, OperatorNot and FunctionAnd.
 */
export function compileCondition(text: string, object: ObjectDefinition): Condition {
  const parser = new Parser(tokensOf(text), object);
  const compiled = parser.whole();
  if (compiled.type !== 'boolean') {
    throw new FormulaError(
      `Formula result is data type (${named[compiled.type]}), incompatible with expected data type (true or false).`,
    );
  }
  return compiled.of;
}

/** Why a text is no condition of this object; undefined for one that is. */
export function formulaFault(text: string, object: ObjectDefinition): string | undefined {
  try {
    compileCondition(text, object);
    return undefined;
  } catch (error) {
    if (error instanceof FormulaError) return error.message;
    throw error;
  }
}

export class FormulaError extends Error {
  override readonly name = 'FormulaError';
}

/** A decimal: `units` of the `scale`-th place. */
type Decimal = { units: bigint; scale: number };

type Compiled =
  | { type: 'boolean'; of: (row: StoredRow) => boolean | null }
  | { type: 'number'; of: (row: StoredRow) => Decimal | null }
  | { type: 'text'; of: (row: StoredRow) => string }
  | { type: 'date' | 'datetime'; of: (row: StoredRow) => string | number | null }
  | { type: 'picklist'; of: (row: StoredRow) => string };

type OfType<T extends Compiled['type']> = Extract<Compiled, { type: T }>;

const named: Readonly<Record<Compiled['type'], string>> = {
  boolean: 'Boolean',
  number: 'Number',
  text: 'Text',
  date: 'Date',
  datetime: 'Date/Time',
  picklist: 'Picklist',
};

type Token = { kind: 'number' | 'text' | 'name' | 'sign' | 'end'; text: string };

const tokenPattern =
  /\s*(?:(\/\*[\s\S]*?\*\/)|(\d+\.?\d*|\.\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_$][\w.$]*)|(&&|\|\||<>|<=|>=|==|!=|[-+*/()=<>,!&^]))/y;
const MAXIMUM_LENGTH = 5000;

function tokensOf(text: string): Token[] {
  if (text.length > MAXIMUM_LENGTH)
    throw new FormulaError(
      `Formula is too long (${text.length} characters). Maximum length is ${MAXIMUM_LENGTH} characters.`,
    );
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (/\S/.test(text.slice(tokenPattern.lastIndex))) {
    const from = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) throw new FormulaError(`Syntax error. Unexpected character at position ${from + 1}.`);
    const [, comment, number, quotedText, name, sign] = match;
    if (comment !== undefined) continue;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (quotedText !== undefined)
      tokens.push({ kind: 'text', text: quotedText.slice(1, -1).replace(/\\(.)/g, '$1') });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
  }
  return [...tokens, { kind: 'end', text: '' }];
}

const MAXIMUM_DEPTH = 64;

class Parser {
  private at = 0;
  private depth = 0;

  public constructor(
    private readonly tokens: readonly Token[],
    private readonly object: ObjectDefinition,
  ) {}

  public whole(): Compiled {
    const result = this.either();
    const rest = this.peek();
    if (rest.kind !== 'end') throw unexpected(rest);
    return result;
  }

  private either(): Compiled {
    this.depth += 1;
    if (this.depth > MAXIMUM_DEPTH) throw new FormulaError('Formula is too deeply nested.');
    const parts = this.chain(['||'], () => this.both());
    this.depth -= 1;
    return parts.length === 1 ? first(parts) : anyOf(parts.map((part) => typed(part, 'boolean', '||')));
  }

  private both(): Compiled {
    const parts = this.chain(['&&'], () => this.comparison());
    return parts.length === 1 ? first(parts) : allOf(parts.map((part) => typed(part, 'boolean', '&&')));
  }

  private chain(signs: readonly string[], next: () => Compiled): Compiled[] {
    const parts = [next()];
    while (this.accept(signs) !== undefined) parts.push(next());
    return parts;
  }

  private comparison(): Compiled {
    const left = this.sum();
    const sign = this.accept(['=', '==', '<>', '!=', '<', '<=', '>', '>=']);
    return sign === undefined ? left : compared(sign, left, this.sum());
  }

  private sum(): Compiled {
    let left = this.product();
    for (let sign = this.accept(['+', '-']); sign !== undefined; sign = this.accept(['+', '-']))
      left = arithmetic(sign, left, this.product());
    return left;
  }

  private product(): Compiled {
    let left = this.signed();
    for (let sign = this.accept(['*', '/']); sign !== undefined; sign = this.accept(['*', '/']))
      left = arithmetic(sign, left, this.signed());
    return left;
  }

  private signed(): Compiled {
    const sign = this.accept(['-', '+', '!']);
    if (sign === undefined) return this.single();
    this.depth += 1;
    if (this.depth > MAXIMUM_DEPTH) throw new FormulaError('Formula is too deeply nested.');
    const operand = this.signed();
    this.depth -= 1;
    if (sign === '!') return negated(typed(operand, 'boolean', '!'));
    return sign === '-' ? arithmetic('-', zero, operand) : typed(operand, 'number', '+');
  }

  private single(): Compiled {
    const token = this.next();
    switch (token.kind) {
      case 'number': {
        const value = decimalOf(token.text);
        return { type: 'number', of: () => value };
      }
      case 'text':
        return { type: 'text', of: () => token.text };
      case 'name':
        return this.accept(['(']) === undefined ? this.value(token.text) : this.call(token.text.toUpperCase());
      case 'sign': {
        if (token.text !== '(') throw unexpected(token);
        const inner = this.either();
        this.expect(')');
        return inner;
      }
      case 'end':
        throw unexpected(token);
    }
  }

  private value(name: string): Compiled {
    if (/^(true|false)$/i.test(name)) {
      const value = name.toLowerCase() === 'true';
      return { type: 'boolean', of: () => value };
    }
    const field = fieldOf(this.object, name);
    if (field === undefined) throw new FormulaError(`Field ${name} does not exist. Check spelling.`);
    return valueOf(field);
  }

  private call(name: string): Compiled {
    const parts: Compiled[] = [];
    if (this.accept([')']) === undefined) {
      parts.push(...this.chain([','], () => this.either()));
      this.expect(')');
    }
    const exactly = (count: number): Compiled[] => {
      if (parts.length !== count) {
        throw new FormulaError(
          `Incorrect number of parameters for function '${name}()'. Expected ${count}, received ${parts.length}`,
        );
      }
      return parts;
    };
    switch (name) {
      case 'AND':
      case 'OR': {
        if (parts.length === 0) exactly(1);
        const conditions = parts.map((part) => typed(part, 'boolean', `${name}()`));
        return name === 'AND' ? allOf(conditions) : anyOf(conditions);
      }
      case 'NOT':
        return negated(typed(first(exactly(1)), 'boolean', 'NOT()'));
      case 'ISBLANK':
        return blank(first(exactly(1)));
      case 'ISPICKVAL': {
        const [field, value] = exactly(2);
        if (field?.type !== 'picklist')
          throw new FormulaError("Incorrect parameter type for function 'ISPICKVAL()'. Expected Picklist");
        const wanted = typed(value ?? field, 'text', 'ISPICKVAL()');
        return { type: 'boolean', of: (row) => field.of(row) === wanted.of(row) };
      }
      default:
        throw new FormulaError(`Unknown function ${name}. Check spelling.`);
    }
  }

  private peek(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '' };
  }

  private next(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  private accept(signs: readonly string[]): string | undefined {
    const token = this.peek();
    if (token.kind !== 'sign' || !signs.includes(token.text)) return undefined;
    this.at += 1;
    return token.text;
  }

  private expect(sign: string): void {
    if (this.accept([sign]) === undefined) throw new FormulaError(`Syntax error. Missing '${sign}'`);
  }
}

const unexpected = ({ kind, text }: Token): FormulaError =>
  new FormulaError(kind === 'end' ? 'Syntax error. The formula ends too early.' : `Syntax error. Extra '${text}'`);

function first(parts: readonly Compiled[]): Compiled {
  const [part] = parts;
  if (part === undefined) throw new FormulaError('Syntax error. An operand is missing.');
  return part;
}

function typed<T extends Compiled['type']>(part: Compiled, type: T, where: string): OfType<T> {
  const is = (one: Compiled): one is OfType<T> => one.type === type;
  if (is(part)) return part;
  if (part.type === 'picklist') throw pickedOnly();
  throw wrongType(where, named[type], part);
}

const wrongType = (where: string, expected: string, part: Compiled): FormulaError =>
  new FormulaError(
    `Incorrect parameter type for ${where.endsWith(')') ? 'function' : 'operator'} '${where}'. Expected ${expected}, received ${named[part.type]}`,
  );

const pickedOnly = (): FormulaError =>
  new FormulaError('Picklist fields are only supported in certain functions: use ISPICKVAL or ISBLANK.');

const allOf = (parts: readonly OfType<'boolean'>[]): Compiled => ({
  type: 'boolean',
  of: (row) => parts.every((part) => part.of(row) === true),
});

const anyOf = (parts: readonly OfType<'boolean'>[]): Compiled => ({
  type: 'boolean',
  of: (row) => parts.some((part) => part.of(row) === true),
});

const negated = (part: OfType<'boolean'>): Compiled => ({
  type: 'boolean',
  of: (row) => {
    const value = part.of(row);
    return value === null ? null : !value;
  },
});

const blank = (part: Compiled): Compiled => ({
  type: 'boolean',
  of: (row) => {
    const value = part.of(row);
    return value === null || value === '';
  },
});

const zero: Compiled = { type: 'number', of: () => ({ units: 0n, scale: 0 }) };

function compared(sign: string, left: Compiled, right: Compiled): Compiled {
  if (left.type === 'picklist' || right.type === 'picklist') throw pickedOnly();
  if (left.type !== right.type) throw wrongType(sign, named[left.type], right);
  const orders = !['=', '==', '<>', '!='].includes(sign);
  if (left.type === 'boolean' && orders) throw wrongType(sign, 'Number, Date or Text', left);
  const holds = (order: number): boolean => {
    switch (sign) {
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
      case '<>':
      case '!=':
        return order !== 0;
      default:
        return order === 0;
    }
  };
  return {
    type: 'boolean',
    of: (row) => {
      const [a, b] = [left.of(row), right.of(row)];
      return a === null || b === null ? null : holds(orderOf(a, b));
    },
  };
}

type Value = NonNullable<ReturnType<Compiled['of']>>;

function orderOf(a: Value, b: Value): number {
  if (typeof a === 'object' && typeof b === 'object') {
    const scale = Math.max(a.scale, b.scale);
    const difference = scaled(a, scale) - scaled(b, scale);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function arithmetic(sign: string, left: Compiled, right: Compiled): Compiled {
  const [a, b] = [typed(left, 'number', sign), typed(right, 'number', sign)];
  return {
    type: 'number',
    of: (row) => {
      const [x, y] = [a.of(row), b.of(row)];
      return x === null || y === null ? null : computed(sign, x, y);
    },
  };
}

/** Places behind the point that a quotient keeps. Source: formula engine, MathContext of 39 digits; fewer here. [K] */
const QUOTIENT_SCALE = 18;

/** A number divided by zero is open, and so is a rule that asks for it. [K] */
function computed(sign: string, a: Decimal, b: Decimal): Decimal | null {
  const scale = Math.max(a.scale, b.scale);
  switch (sign) {
    case '+':
      return { units: scaled(a, scale) + scaled(b, scale), scale };
    case '-':
      return { units: scaled(a, scale) - scaled(b, scale), scale };
    case '*':
      return { units: a.units * b.units, scale: a.scale + b.scale };
    default:
      return b.units === 0n
        ? null
        : { units: (scaled(a, scale) * 10n ** BigInt(QUOTIENT_SCALE)) / scaled(b, scale), scale: QUOTIENT_SCALE };
  }
}

const scaled = ({ units, scale }: Decimal, to: number): bigint => units * 10n ** BigInt(to - scale);

function decimalOf(text: string): Decimal {
  const [whole = '', decimals = ''] = text.split('.');
  return { units: BigInt(`${whole}${decimals}`), scale: decimals.length };
}

function valueOf(field: FieldDefinition): Compiled {
  const text = (row: StoredRow): string => String(row[field.api] ?? '');
  switch (field.type) {
    case 'Checkbox':
      return { type: 'boolean', of: (row) => row[field.api] === 1 };
    case 'Number':
    case 'Currency':
    case 'Percent': {
      const scale = (field.scale ?? 0) + (field.type === 'Percent' ? 2 : 0);
      return {
        type: 'number',
        of: (row) => {
          const stored = row[field.api];
          return typeof stored === 'number' ? { units: BigInt(stored), scale } : null;
        },
      };
    }
    case 'Date':
    case 'DateTime':
      return { type: field.type === 'Date' ? 'date' : 'datetime', of: (row) => row[field.api] ?? null };
    case 'Picklist':
      return { type: 'picklist', of: text };
    case 'MultiselectPicklist':
      throw new FormulaError(
        `Field ${field.api} is a multi-select picklist field, which this org's formulas do not read.`,
      );
    case 'Id':
    case 'Text':
    case 'TextArea':
    case 'LongTextArea':
    case 'Lookup':
    case 'MasterDetail':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return { type: 'text', of: text };
  }
}
