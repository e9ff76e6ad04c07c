/** Something went wrong in a runner. */
export interface SubscriptionIncident {
  /** Undefined when it concerns no single projection, such as the renewal of leases. */
  readonly projection: string | undefined;
  /** A `ProjectionFailedError` when the projection stopped; otherwise what was thrown, and it is tried again. */
  readonly error: unknown;
  readonly stopped: boolean;
}

export type OnIncident = (problem: SubscriptionIncident) => void;

/** Says it as a warning of the process when a projection stops: nothing stops without a word. */
export function warnWhenStopped({ error, stopped }: SubscriptionIncident): void {
  if (stopped && error instanceof Error) process.emitWarning(error);
}

/** A callback that throws must not end the runner. */
export function guarded(onError: OnIncident): OnIncident {
  return (problem) => {
    try {
      onError(problem);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  };
}
