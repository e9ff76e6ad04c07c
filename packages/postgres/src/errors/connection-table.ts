import { StoreUnavailableError } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import { codeOf } from './error-text.ts';
import type { Failure } from './failure.ts';

/** Code of a connection of the framework's own that is known to have broken. */
export const CONNECTION_LOST = 'CONNECTION_LOST';

/** Code of a connection that the framework could not make. */
export const NOT_CONNECTED = 'NOT_CONNECTED';

/** Code of a statement that was not answered within its limit. */
export const NO_ANSWER = 'NO_ANSWER';

/** What pg-pool throws when no connection became free in time: an Error that has only this message. */
const NO_FREE_CONNECTION = 'timeout exceeded when trying to connect';

const unreachable: Failure['toError'] = (cause) =>
  new StoreUnavailableError(
    thrownText(cause) === NO_FREE_CONNECTION
      ? 'all connections of the pool were in use for as long as a call waits for one; end transactions that are held open, or raise maxConnections'
      : 'the database cannot be reached; check that it runs and that the connection string is right',
    { cause },
  );
/** The connection broke, or none could be made. */
export const disconnected: Failure = {
  fault: 'network',
  retry: 'reconnect',
  passing: true,
  toError: unreachable,
};

/** A handler may meet these in calls of its own to other servers, so that they do not prove an outage. */
const socketFailure: Failure = { ...disconnected, passing: false };
const noSocketLeft: Failure = {
  ...socketFailure,
  toError: (cause) =>
    new StoreUnavailableError(
      `this process or its host has no file descriptor, port or buffer left for a connection (${codeOf(cause)}); close some, or raise the limit`,
      { cause },
    ),
};

/** Not tried again: neither a certificate nor an option changes within seconds. */
export const noTls: Failure = {
  fault: 'configuration',
  retry: 'never',
  passing: false,
  toError: (cause) =>
    new StoreUnavailableError(
      `no TLS connection to the database could be made (${codeOf(cause)}); check its certificate, and sslmode and sslrootcert of the connection string`,
      { cause },
    ),
};

/** Failures of connections, by the codes of Node and by those of this package. */
export const connectionTable: Readonly<Record<string, Failure>> = {
  [CONNECTION_LOST]: disconnected,
  [NOT_CONNECTED]: {
    ...disconnected,
    toError: (cause) => new StoreUnavailableError(thrownText(cause), { cause }),
  },
  [NO_ANSWER]: {
    ...disconnected,
    name: 'no-answer',
    toError: (cause) =>
      new StoreUnavailableError(
        `${thrownText(cause)}, so its connection was closed, and it is unknown whether the statement took effect; check the network, and which lock the statement may wait for`,
        { cause },
      ),
  },

  EADDRNOTAVAIL: noSocketLeft,
  EAI_AGAIN: socketFailure,
  EAI_FAIL: socketFailure,
  EAI_NODATA: socketFailure,
  ECONNABORTED: socketFailure,
  ECONNREFUSED: socketFailure,
  ECONNRESET: socketFailure,
  EHOSTDOWN: socketFailure,
  EHOSTUNREACH: socketFailure,
  EMFILE: noSocketLeft,
  ENETDOWN: socketFailure,
  ENETRESET: socketFailure,
  ENETUNREACH: socketFailure,
  ENFILE: noSocketLeft,
  ENOBUFS: noSocketLeft,
  /** No socket file at the path of the connection string. */
  ENOENT: socketFailure,
  ENOTFOUND: socketFailure,
  EPIPE: socketFailure,
  EPROTO: noTls,
  ERR_SOCKET_CLOSED: socketFailure,
  ERR_STREAM_DESTROYED: socketFailure,
  ERR_STREAM_WRITE_AFTER_END: socketFailure,
  ETIMEDOUT: socketFailure,

  CERT_HAS_EXPIRED: noTls,
  CERT_NOT_YET_VALID: noTls,
  CERT_REJECTED: noTls,
  CERT_REVOKED: noTls,
  CERT_SIGNATURE_FAILURE: noTls,
  CERT_UNTRUSTED: noTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: noTls,
  HOSTNAME_MISMATCH: noTls,
  INVALID_CA: noTls,
  INVALID_PURPOSE: noTls,
  SELF_SIGNED_CERT_IN_CHAIN: noTls,
  UNABLE_TO_GET_ISSUER_CERT: noTls,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: noTls,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: noTls,
};

/** Beginnings of the codes that Node gives to what OpenSSL reports, and to certificates of another host. */
export const tlsPrefixes: readonly string[] = ['ERR_SSL_', 'ERR_TLS_'];

/** pg reports a connection that broke, or was refused, as a bare Error without a code. */
export const withoutCode: Failure = socketFailure;
