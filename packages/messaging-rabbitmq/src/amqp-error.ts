import { LeftfoldError, TransportRefusedError, TransportUnavailableError } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import { certificateProblem } from '@leftfold/messaging';

/**
 * Reply codes of what cannot succeed before the broker or the options are changed: no right or a wrong login, a queue that
 * another connection has for itself, an exchange type that the server does not have, a virtual host or an operation that it
 * does not allow.
 */
const REFUSALS: ReadonlySet<unknown> = new Set([403, 405, 503, 530, 540]);

/** Reply code of a queue or exchange that is declared otherwise, and of a few violations of the protocol. */
export const PRECONDITION_FAILED = 406;

/**
 * What amqplib throws when the broker ends the connection while it is opened: the login was refused, or the virtual host.
 * It carries no code then.
 */
const REFUSED_LOGIN = /^Handshake terminated by server: (403|530)/;
const REFUSED_VIRTUAL_HOST = /^Expected ConnectionOpenOk; got <ConnectionClose/;

/** The code of an error of amqplib: that of AMQP, or of the network. */
export function codeOf(thrown: unknown): unknown {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
}

/** What the broker said, without what amqplib puts around it. */
export function brokerText(thrown: unknown): string {
  const text = thrownText(thrown);
  return / with message "(.*)"$/s.exec(text)?.[1] ?? text;
}

/**
 * @param name of the transport
 * @param what was done, such as `queue "a" cannot be declared`
 */
export function toTransportError(name: string, what: string, thrown: unknown): Error {
  if (LeftfoldError.is(thrown)) return thrown;
  const toError = REFUSALS.has(codeOf(thrown)) ? TransportRefusedError : TransportUnavailableError;
  return new toError(name, `${what}: ${brokerText(thrown)}`, { cause: thrown });
}

/** Of a connection that could not be opened. Says neither the user nor the password. */
export function toConnectError(name: string, thrown: unknown): Error {
  const text = thrownText(thrown);
  if (REFUSED_LOGIN.test(text))
    return new TransportRefusedError(
      name,
      `it does not let this user in: ${brokerText(thrown)}; look at the user and the password of url`,
      { cause: thrown },
    );
  if (REFUSED_VIRTUAL_HOST.test(text))
    return new TransportRefusedError(
      name,
      'it closed the connection at the virtual host of url: that does not exist or does not run, or the user has no right to it; the log of the server says which',
      { cause: thrown },
    );
  const untrusted = certificateProblem(thrown);
  if (untrusted !== undefined) return new TransportRefusedError(name, untrusted, { cause: thrown });
  return toTransportError(name, 'no connection could be opened', thrown);
}
