import { LeftfoldError } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import { noTls, tlsPrefixes, withoutCode } from './connection-table.ts';
import { closedToConnections, failureTable, stalePlan, unknownFailure } from './failure-table.ts';
import type { Failure } from './failure.ts';
import { constraintTable } from './log-table.ts';

const failures = new Map(Object.entries(failureTable));
const constraints = new Map(Object.entries(constraintTable));

/** What is read of an error of pg, or of a socket error of Node. */
interface CodedError {
  readonly code: string;
  readonly schema?: unknown;
  readonly table?: unknown;
  readonly constraint?: unknown;
  /** The function of the server that raised it; a pooler gives none. */
  readonly routine?: unknown;
}

const PROTOCOL_VIOLATION = '08P01';
const UNIQUE_VIOLATION = '23505';
const NOT_SUPPORTED = '0A000';
/** The function of the server that finds that a prepared statement no longer fits. Messages are translated. */
const STALE_PLAN_ROUTINE = 'RevalidateCachedQuery';
const NOT_IN_STATE = '55000';
/** The function of the server that looks at a login whether the database may be connected to. */
const LOGIN_ROUTINE = 'CheckMyDatabase';

/**
 * The row of the failure table for what pg, a socket or a handler threw.
 *
 * @param schema only violations of this schema's constraints are lost races. @default none is
 */
export function failureOf(thrown: unknown, schema?: string): Failure {
  return failureOfReadable(readable(thrown), schema);
}

function failureOfReadable(thrown: unknown, schema: string | undefined): Failure {
  if (isCoded(thrown)) return failureOfCode(thrown, schema);
  if (thrown instanceof AggregateError) return failureOfSeveral(thrown.errors);
  const isBare = thrown instanceof Error && thrown.constructor === Error && !LeftfoldError.is(thrown);
  return isBare ? withoutCode : unknownFailure;
}

function failureOfCode(error: CodedError, schema: string | undefined): Failure {
  const { code } = error;
  if (code === UNIQUE_VIOLATION && schema !== undefined && error.schema === schema) {
    const failure = constraints.get(`${String(error.table)}.${String(error.constraint)}`);
    if (failure !== undefined) return failure;
  }
  if (code === NOT_SUPPORTED && error.routine === STALE_PLAN_ROUTINE) return stalePlan;
  if (code === NOT_IN_STATE && error.routine === LOGIN_ROUTINE) return closedToConnections;
  if (tlsPrefixes.some((prefix) => code.startsWith(prefix))) return noTls;
  const ofClass = code.length === 5 ? failures.get(code.slice(0, 2)) : undefined;
  // Poolers give this code to whatever they refuse, such as a client that waited too long for a connection.
  if (code === PROTOCOL_VIOLATION && error.routine === undefined) return ofClass ?? unknownFailure;
  return failures.get(code) ?? ofClass ?? unknownFailure;
}

/** One of several addresses that were tried is enough to tell that the server was not reached. */
function failureOfSeveral(errors: readonly unknown[]): Failure {
  const each = errors.map((error) => failureOf(error));
  return each.find(({ retry }) => retry === 'reconnect') ?? unknownFailure;
}

function isCoded(thrown: unknown): thrown is CodedError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string';
}
