import { CONNECTION_LOST } from './connection-table.ts';
import { failureOf } from './failure-of.ts';

/**
 * What a transaction fails with whose connection broke.
 *
 * @param first what failed first
 * @param broken what broke the connection, as the connection reported it
 * @param before whether `first` was thrown before the connection broke
 */
export function lostConnection(first: unknown, broken: unknown, before: boolean): unknown {
  // This is why the connection was closed.
  if (failureOf(first).name === 'no-answer') return first;
  // An error of the work's own is not one of the connection, though it came just before the connection broke.
  if (before && failureOf(first).retry !== 'reconnect') return first;
  const [known] = [broken, first].filter((error) => failureOf(error).fault !== 'network');
  if (known !== undefined && failureOf(known).retry === 'reconnect') return known;
  const error = new Error('the connection broke while the transaction was open', { cause: first });
  return Object.assign(error, { code: CONNECTION_LOST });
}
