import { InvalidNameError } from '../errors/definition-errors.ts';

/**
 * Maximum length of a stream id and an event id, in characters. Both are indexed; a B-tree entry has at most 2,704
 * bytes.
 */
export const MAX_ID_LENGTH = 255;
/** Maximum length of a category and of the name of an event, command or decision, in characters. */
export const MAX_NAME_LENGTH = 100;
/** Maximum length of a projection's name: it is part of the name of a Postgres schema, which has at most 63 bytes. */
export const MAX_PROJECTION_NAME_LENGTH = 30;

// Postgres cannot store NUL in a text. With other control characters, different ids can look the same in a log.
const controlCharacter = /[\u0000-\u001f\u007f]/;
const categoryName = /^[A-Za-z][A-Za-z0-9_]*$/;
const memberName = /^[A-Za-z][A-Za-z0-9_-]*$/;
const sqlName = /^[a-z][a-z0-9_]*$/;

/**
 * @throws InvalidNameError when the id is empty, longer than 255 characters, or has a control character such as NUL.
 */
export function assertId(kind: string, value: string | undefined): void {
  if (typeof value !== 'string' || value.length === 0)
    throw new InvalidNameError(kind, value, 'must be a text that is not empty');
  if (value.length > MAX_ID_LENGTH) {
    throw new InvalidNameError(kind, value, `is too long: at most ${MAX_ID_LENGTH} characters are allowed`);
  }
  if (controlCharacter.test(value)) {
    throw new InvalidNameError(kind, value, 'has a control character (NUL included); remove it');
  }
  if (!value.isWellFormed()) {
    throw new InvalidNameError(kind, value, 'has half of a surrogate pair; remove it');
  }
}

/**
 * For the name of what has a checkpoint. With "+", the framework names the checkpoints of copies and replays of projections.
 *
 * @throws InvalidNameError like {@link assertId}, and when the name has "+"
 */
export function assertSubscriptionName(kind: string, value: string): void {
  assertId(kind, value);
  if (value.includes('+'))
    throw new InvalidNameError(kind, value, 'has a "+", which is for copies of projections; remove it');
}

/** A category has no hyphen, since the first hyphen of a stream id ends the category. */
export function assertCategory(value: string): void {
  assertPattern(
    'category',
    value,
    categoryName,
    'must begin with a letter and have letters, digits and "_" only',
    MAX_NAME_LENGTH,
  );
}

export function assertMemberName(kind: string, value: string): void {
  assertPattern(
    kind,
    value,
    memberName,
    'must begin with a letter and have letters, digits, "_" and "-" only',
    MAX_NAME_LENGTH,
  );
  assertFreeName(kind, value);
}

/**
 * For a name that becomes a member of an object, such as `emit.opened`. Code that is given the object would take a member
 * `then` for the one of a promise, and others for those that every object has.
 */
export function assertFreeName(kind: string, value: string): void {
  if (value !== 'then' && !(value in Object.prototype)) return;
  const rule = 'has a meaning in JavaScript as a member of an object, so it cannot name one; choose another';
  throw new InvalidNameError(kind, value, rule);
}

export function assertProjectionName(value: string): void {
  const rule =
    'must begin with a lower-case letter and have lower-case letters, digits and "_" only (it names a Postgres schema)';
  assertPattern('projection name', value, sqlName, rule, MAX_PROJECTION_NAME_LENGTH);
}

/** Maximum length of the schema's name. The schemas of projections add to it. */
const MAX_SCHEMA_NAME_LENGTH = 25;

/** Without `__`, also together with the one that the name of a projection's schema adds to it. */
const schemaName = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** The Postgres schema that holds a log, or what belongs to one. @param most characters; names of projections are added to that of a log */
export function assertSchemaName(value: string, most = MAX_SCHEMA_NAME_LENGTH): void {
  const rule =
    'must begin with a lower-case letter and have lower-case letters, digits and single "_" between them only ("__" is for the schemas of projections)';
  assertPattern('schema name', value, schemaName, rule, most);
  if (value.startsWith('pg_') || value === 'information_schema')
    throw new InvalidNameError('schema name', value, 'is reserved for Postgres; give it another name');
}

/** For tables of read models, which SQL uses without changing their case. */
export function assertSqlName(kind: string, value: string): void {
  assertPattern(
    kind,
    value,
    sqlName,
    'must begin with a lower-case letter and have lower-case letters, digits and "_" only',
    63,
  );
}

/** Columns that every table of Postgres has, which no other column can be named like. */
const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** For columns of read models. */
export function assertColumnName(kind: string, value: string): void {
  assertSqlName(kind, value);
  if (systemColumns.has(value))
    throw new InvalidNameError(kind, value, 'is a system column of Postgres; give it another name');
}

function assertPattern(kind: string, value: string, pattern: RegExp, rule: string, limit: number): void {
  if (typeof value !== 'string' || value.length === 0)
    throw new InvalidNameError(kind, value, 'must be a text that is not empty');
  if (value.length > limit) {
    throw new InvalidNameError(kind, value, `is too long: at most ${limit} characters are allowed`);
  }
  if (!pattern.test(value)) throw new InvalidNameError(kind, value, rule);
}
