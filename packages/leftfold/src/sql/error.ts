// https://www.postgresql.org/docs/current/errcodes-appendix.html
const READ_ONLY_TRANSACTION = '25006';

/** True when a query tried to write: the transactions of queries are read-only, whatever the server is. */
export function isWriteRefused(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === READ_ONLY_TRANSACTION
  );
}
