import { readFileSync } from 'node:fs';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';

/** The error for a program that has ended, with the last lines of its output. */
export function startFailed(what: string, log: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('POSTGRES_START_FAILED', `${what}:\n${lastLines(log)}`);
}

function lastLines(log: string): string {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return `(no output in ${log})`;
  }
}
