import { createHash, randomBytes } from 'node:crypto';

/**
 * Databases of tests are named `leftfold_test_<run>_<rest>`. The name of a run begins with its start time, so that
 * databases of crashed runs can be distinguished from databases in use.
 */
const prefix = 'leftfold_test_';

/** Milliseconds since 1970 in base 36: eight digits from 1972 to 2059. */
const timeDigits = 8;

export function newRunName(now: Date): string {
  return now.getTime().toString(36).padStart(timeDigits, '0') + randomName(4);
}

export function databaseName(run: string): string {
  return `${prefix}${run}_${randomName(12)}`;
}

/** @param name chosen by the user, with any length and characters. */
export function templateName(run: string, name: string): string {
  return `${prefix}${run}_template_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** A pattern for `like` that matches all databases of the run. */
export function databasesOf(run: string): string {
  return `${prefix}${run}_%`.replaceAll('_', '\\_');
}

/** A pattern for `like` that matches the databases of all runs. */
export const databasesOfAllRuns = `${prefix}%`.replaceAll('_', '\\_');

/** The start time of the run that the database belongs to; undefined for any other database. */
export function beganAt(database: string): Date | undefined {
  const time = /^leftfold_test_([0-9a-z]{8})[0-9a-z]{4}_/.exec(database)?.[1];
  return time === undefined ? undefined : new Date(Number.parseInt(time, 36));
}

/** Lower-case letters and digits only, so that the names need no quotes. */
function randomName(length: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
  return Array.from(randomBytes(length), (byte) => digits[byte % digits.length]).join('');
}
