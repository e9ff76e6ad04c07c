import { LeftfoldError } from '@leftfold/core';
import { guarded } from '@leftfold/subscriptions';

/** Something that went wrong in a consumer. Nothing that it is about is lost. */
export interface ConsumerIncident {
  readonly consumer: string;
  /**
   * MessageParkedError, MessageMissingError, SourceRewoundError, InvalidMessageError for what was set aside;
   * TransportUnavailableError, TransportRefusedError while it cannot receive, and what the database answered while it
   * cannot write; otherwise what a handler threw, and the message is tried again.
   */
  readonly error: unknown;
  /** Whether the consumer stopped. */
  readonly stopped: boolean;
}

/** Receives every {@link ConsumerIncident} of a consumer. */
export type OnConsumerIncident = (incident: ConsumerIncident) => void;

/** Emits a warning of the process for all but failures that are tried again by themselves. */
export const warnOfIncident: OnConsumerIncident = ({ error, stopped }) => {
  if (stopped || LeftfoldError.is(error)) process.emitWarning(error instanceof Error ? error : String(error));
};

/** Calls both; what one throws does not concern the other. Undefined when neither is given. */
export function tellingBoth(
  one: OnConsumerIncident | undefined,
  other: OnConsumerIncident | undefined,
): OnConsumerIncident | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const both = [guarded(one), guarded(other)];
  return (incident) => {
    for (const tell of both) tell(incident);
  };
}
