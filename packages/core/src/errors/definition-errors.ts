import type { z } from 'zod';
import { declaredPath } from '../input/declared-path.ts';
import { InvalidArgumentError } from './argument-errors.ts';
import { LeftfoldError } from './leftfold-error.ts';
import { keptText, shownName } from './shown.ts';
import { holds } from '../input/holds.ts';

/** Where a value left its schema: the path, and zod's code for why. Never the value itself. */
export interface SchemaIssue {
  /** Names that the schema declares, and indexes; `*` for another name, such as a key of a record, which may be content. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Turns zod's issues into ones that are safe to log.
 *
 * @param schema that the value was parsed by: paths have the names that it declares. @default each name is `*`
 */
export function toSchemaIssues(error: z.ZodError, schema?: z.ZodType): readonly SchemaIssue[] {
  if (!holds(() => Array.isArray(error?.issues)))
    throw InvalidArgumentError.not('an error of zod', 'error', error);
  if (schema !== undefined && !holds(() => typeof schema?._zod === 'object'))
    throw InvalidArgumentError.not('a zod schema', 'schema', schema);
  return error.issues.map((issue) => ({
    path: declaredPath(schema, issue.path),
    code: issue.code ?? 'custom',
    // zod's own message repeats the names, which may be anything that a caller sent.
    message: issue.code === 'unrecognized_keys' ? unknownMembers(issue.keys.length) : issue.message,
  }));
}

function unknownMembers(count: number): string {
  return `has ${count === 1 ? 'a member' : `${count} members`} that the schema does not know`;
}

/** Issues that a message lists; `issues` has all of them. */
const MAX_DESCRIBED = 5;

function describe(issues: readonly SchemaIssue[]): string {
  const described = issues
    .slice(0, MAX_DESCRIBED)
    .map(({ path, message }) => abridge(path === '' ? message : `${abridge(path)}: ${message}`));
  const more = issues.length - described.length;
  return `${described.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

const MAX_DESCRIPTION = 300;

function abridge(text: string): string {
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION)}...`;
}

/** A name or id is empty, too long, or has characters that Postgres or the framework cannot carry. */
export class InvalidNameError extends LeftfoldError {
  readonly code = 'INVALID_NAME';
  readonly retryable = false;
  /** What kind of name it was, such as "stream id". */
  readonly kind: string;

  constructor(kind: string, value: unknown, rule: string) {
    super(`${kind} ${shownName(value)} ${rule}`);
    this.kind = kind;
  }
}

/** A definition cannot be used as it is, such as a table whose key names a column that it does not have. */
export class InvalidDefinitionError extends LeftfoldError {
  readonly code = 'INVALID_DEFINITION';
  readonly retryable = false;

  /** @param problem names the definition, what is wrong with it, and what to write instead */
  constructor(problem: string, options?: ErrorOptions) {
    super(problem, options);
  }
}

/** Two definitions claim one name. */
export class DuplicateDefinitionError extends LeftfoldError {
  readonly code = 'DUPLICATE_DEFINITION';
  readonly retryable = false;
  readonly kind: string;
  readonly definition: string;

  /**
   * @param place `retired`: one of them is a current event, and the other one a retired event. `version`: both have it, and
   * others may be beside it
   */
  constructor(
    kind: string,
    definition: string,
    { retired = false, version }: { readonly retired?: boolean; readonly version?: number } = {},
  ) {
    const of = `two definitions of ${kind} "${definition}"`;
    super(
      retired
        ? `${kind} "${definition}" is defined both as one that is written and as a retired one; remove one of the two definitions, or rename it`
        : version === undefined
          ? `${of} were given; rename one of them or pass it once`
          : `${of} with version ${version} were given; raise the version of the newer one, rename it, or pass it once`,
    );
    this.kind = kind;
    this.definition = definition;
  }
}

interface UnknownEventPlace {
  readonly schemaVersion?: number | undefined;
  readonly position?: number | undefined;
  readonly newest?: number;
  readonly written?: number;
  readonly inQuery?: boolean;
  readonly readAs?: readonly string[] | undefined;
  readonly of?: string | undefined;
  readonly fix?: string;
}

/** No definition that was given to the store knows this event type, or this version of it. */
export class UnknownEventError extends LeftfoldError {
  readonly code = 'UNKNOWN_EVENT';
  readonly retryable = false;
  readonly type: string;
  readonly schemaVersion: number | undefined;
  /** Where the event stands in the log; undefined for one that was to be appended. */
  readonly position: number | undefined;

  /**
   * @param place `newest` is the newest version that is read, and `written` the one that is written, when the type is
   * known; `inQuery`: a query names the type; `readAs`: the types that events of a retired type are read as; `of`: what
   * has no definition of it, and `fix` what is done about that
   */
  constructor(type: string, place: UnknownEventPlace = {}) {
    super(describeUnknown(type, place));
    const { schemaVersion, position } = place;
    this.type = keptText(type);
    this.schemaVersion = schemaVersion;
    this.position = position;
  }
}

function describeUnknown(type: string, place: UnknownEventPlace): string {
  const { schemaVersion, position, newest, written, inQuery = false, readAs, of } = place;
  const { fix = 'take events that its defineEvents(...) makes' } = place;
  const event = `event type ${shownName(type)}${position === undefined ? '' : ` at position ${position}`}`;
  if (readAs !== undefined) {
    const now = readAs.length === 0 ? 'nothing' : readAs.map(shownName).join(' and ');
    return `${event} is retired and read as ${now}; ${inQuery ? 'ask for' : 'append'} ${readAs.length === 0 ? 'another type' : 'that'}`;
  }
  if (written !== undefined) {
    return `${event} was made with schema version ${schemaVersion}, and version ${written} is written here; make it by create of the defineEvents(...) that the store has`;
  }
  if (newest !== undefined) {
    return `${event} has schema version ${schemaVersion}, the newest known here is ${newest}: a newer release wrote it; deploy a release that reads version ${schemaVersion} before one that writes it`;
  }
  if (of !== undefined) return `${event} is none of ${of}; ${fix}`;
  if (inQuery) {
    return `${event} is unknown here; add its defineEvents(...) to the store's events, correct its name in the query, or if this is a read, give it unknownEvents: 'skip'`;
  }
  if (position === undefined)
    return `${event} is unknown here; add its defineEvents(...) to the store's events`;
  return `${event} is unknown here; if a newer release wrote it, deploy that release, otherwise add its defineEvents(...) to the store's events, or read with unknownEvents: 'skip'`;
}

/** A payload does not fit its event's schema: one that was to be appended, and was not, or one that was read. */
export class InvalidEventError extends LeftfoldError {
  readonly code = 'INVALID_EVENT';
  readonly retryable = false;
  readonly type: string;
  /** The version it was made or stored under. */
  readonly schemaVersion: number;
  readonly issues: readonly SchemaIssue[];
  /** Where the event stands in the log; undefined for one that was to be appended. */
  readonly position: number | undefined;

  constructor(
    type: string,
    schemaVersion: number,
    issues: readonly SchemaIssue[],
    options?: ErrorOptions & { readonly position?: number | undefined },
  ) {
    const at = options?.position === undefined ? '' : ` at position ${options.position}`;
    const what = type.startsWith(METADATA_OF) ? type : `data of event "${type}" version ${schemaVersion}`;
    super(`${what}${at} does not fit: ${describe(issues)}`, options);
    this.type = type;
    this.schemaVersion = schemaVersion;
    this.issues = issues;
    this.position = options?.position;
  }
}

/** How the `type` of an error begins that is about metadata: no event type has a space. */
export const METADATA_OF = 'metadata of ';

/** A command's input, or its metadata, does not fit its schema. Nothing was decided. */
export class InvalidCommandError extends LeftfoldError {
  readonly code = 'INVALID_COMMAND';
  readonly retryable = false;
  readonly command: string;
  readonly issues: readonly SchemaIssue[];

  constructor(command: string, issues: readonly SchemaIssue[], options?: ErrorOptions) {
    super(`command "${command}" does not fit: ${describe(issues)}`, options);
    this.command = command;
    this.issues = issues;
  }
}

/** Known names that a message lists. */
const MAX_LISTED = 20;

/** No aggregate or decision that was given to the app has this command. */
export class UnknownCommandError extends LeftfoldError {
  readonly code = 'UNKNOWN_COMMAND';
  readonly retryable = false;
  /** As the caller named it, with escapes, and abridged after 255 characters. */
  readonly command: string;

  constructor(command: string, known: readonly string[]) {
    const listed = known.slice(0, MAX_LISTED).map((name) => `"${name}"`);
    const more = known.length > MAX_LISTED ? `, and ${known.length - MAX_LISTED} more` : '';
    const names = known.length === 0 ? 'none' : `${listed.join(', ')}${more}`;
    super(`command ${shownName(command)} is unknown here; known: ${names}. Pass its definition to the app`);
    this.command = keptText(command);
  }
}

/** A business rule said no. `reason` is a stable, machine-readable word of the domain. */
export class CommandRejectedError extends LeftfoldError {
  readonly code = 'COMMAND_REJECTED';
  readonly retryable = false;
  readonly command: string;
  readonly reason: string;

  constructor(command: string, reason: string) {
    super(`command "${command}" was rejected: ${reason}`);
    this.command = command;
    this.reason = reason;
  }
}
