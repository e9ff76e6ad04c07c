/** An event that failed, and how often. */
export interface FailedAttempts {
  readonly position: number;
  readonly type: string;
  readonly attempts: number;
  readonly message: string;
}

/** In words, with the message of what was thrown. */
export function failedAttempts({ position, type, attempts, message }: FailedAttempts): string {
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return `event "${type}" at position ${position} failed ${times}: ${message}`;
}
