import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Numbers of the errors of JetStream. Source: server/errors.json of nats-server. */
export const apiErrors = {
  notEnoughServers: 10_005,
  streamNotFound: 10_059,
  consumerNotFound: 10_014,
  messageTooLarge: 10_054,
  notStored: 10_077,
  subjectsOverlap: 10_065,
  noCluster: 10_074,
} as const;

/**
 * Why a call cannot succeed before an operator changes something, in words.
 *
 * @param hasJetStream whether the server that was asked has JetStream
 * @returns undefined when the same call may succeed later
 */
export function refusalOf(thrown: unknown, hasJetStream: boolean): string | undefined {
  for (const error of causesOf(thrown)) {
    if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError)
      return `the login: ${error.message}`;
    if (error instanceof errors.PermissionViolationError)
      return `${error.operation === 'publish' ? 'to publish' : 'to subscribe'} to ${error.subject}; give the user the permission`;
    if (error instanceof JetStreamApiError) return apiRefusalOf(error);
    if (error instanceof errors.NoRespondersError && !hasJetStream)
      return 'streams, since JetStream is not enabled on the server; start it with the option -js';
  }
  return undefined;
}

function apiRefusalOf({ code, status, message }: JetStreamApiError): string | undefined {
  if (code === apiErrors.noCluster) return `replicas, since the server is alone: ${message}`;
  if (code === apiErrors.subjectsOverlap)
    return `its subjects, since another stream has them: ${message}; give the option subject another value`;
  // Servers of the cluster may be away.
  if (code === apiErrors.notEnoughServers) return undefined;
  return status === 400 || status === 403 || message.includes('not enabled') ? message : undefined;
}

/** An error and its causes, from the outside in. */
function* causesOf(thrown: unknown): Generator<Error> {
  for (let error = thrown; error instanceof Error; error = error.cause) yield error;
}
