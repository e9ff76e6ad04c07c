import { createHash, randomBytes } from 'node:crypto';

/**
 * Databases of tests are named `leftfold_test_<run>_<what>`; a run's name begins with the time it
 * began, so that what a crashed run left can be told from what is in use.
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

/** @param name chosen by the user, of any length and characters. */
export function templateName(run: string, name: string): string {
  return `${prefix}${run}_template_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** A pattern for `like` that all databases of the run match. */
export function databasesOf(run: string): string {
  return `${prefix}${run}_%`.replaceAll('_', '\\_');
}

/** A pattern for `like` that the databases of all runs match. */
export const databasesOfAllRuns = `${prefix}%`.replaceAll('_', '\\_');

/** When the run began to which the database belongs; undefined when it belongs to none. */
export function beganAt(database: string): Date | undefined {
  const time = /^leftfold_test_([0-9a-z]{8})[0-9a-z]{4}_/.exec(database)?.[1];
  return time === undefined ? undefined : new Date(Number.parseInt(time, 36));
}

/** Lower-case letters and digits, so that the names need no quotes. */
function randomName(length: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz';
  return Array.from(randomBytes(length), (byte) => digits[byte % digits.length]).join('');
}
