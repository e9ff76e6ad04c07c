/** What failed, and how often. */
export interface FailedAttempts {
  /** Those of the event; undefined when no single one failed. */
  readonly position: number | undefined;
  readonly type: string | undefined;
  readonly attempts: number;
  readonly message: string;
}

/** In words, with the message of what was thrown. */
export function failedAttempts({ position, type, attempts, message }: FailedAttempts): string {
  if (position === undefined || type === undefined)
    return `${attempts} attempts failed, the last one with: ${message}`;
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return `event "${type}" at position ${position} failed ${times}: ${message}`;
}

/** What is tried again, as a row has it. */
export interface RetryRow {
  readonly retry_position: number | null;
  readonly retry_type: string | null;
  readonly retry_message: string | null;
  readonly retry_attempts: number | null;
}

export function retryOf(row: RetryRow): FailedAttempts | undefined {
  if (row.retry_message === null || row.retry_attempts === null) return undefined;
  return {
    position: row.retry_position ?? undefined,
    type: row.retry_type ?? undefined,
    attempts: row.retry_attempts,
    message: row.retry_message,
  };
}
