import { TransportRefusedError, TransportUnavailableError } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import { certificateProblem } from '@leftfold/messaging';

/** Replies that cannot change before an operator changes the server or the options, by their first word. */
const refusals: Readonly<Record<string, string>> = {
  WRONGPASS: 'the user or the password in `url` is wrong',
  NOAUTH: 'it asks for a password, and `url` has none',
  NOPERM: 'its user has too few rights; grant what the README of @leftfold/messaging-redis lists',
  DENIED: 'it takes no connections from other hosts without a password',
  WRONGTYPE: 'one of its keys holds something else; choose another `stream`, or delete that key',
  READONLY: 'it is a replica, which takes no writes; connect to the primary',
  MOVED: 'it is a Redis Cluster, which is not supported',
  CROSSSLOT: 'it is a Redis Cluster, which is not supported',
  ERR: '',
};

/** Replies that change by themselves, or by opening a connection anew. */
const outages: Readonly<Record<string, string>> = {
  OOM: 'its memory is full by `maxmemory`: consumers are behind, or something else fills it',
  LOADING: 'it is reading its data',
  MISCONF: 'it cannot write its data to disk',
  NOSCRIPT: 'its scripts were removed; they are loaded again',
  NOGROUP: 'the group of a consumer was removed; it is created again',
  LEASELOST:
    'another receiver has its partitions, because this process, or its connection, stood still for longer than `leaseMs`',
};

/** The error of a transport for what the client has thrown. Never has what was sent: the password or a message. */
export function transportError(
  name: string,
  thrown: unknown,
): TransportRefusedError | TransportUnavailableError {
  if (thrown instanceof TransportRefusedError || thrown instanceof TransportUnavailableError) return thrown;
  if (!isReply(thrown)) {
    const untrusted = certificateProblem(thrown);
    if (untrusted !== undefined) return new TransportRefusedError(name, untrusted, { cause: thrown });
    return new TransportUnavailableError(name, connectionText(thrown));
  }
  const text = replyText(thrown);
  const code = codeOf(text);
  // ERR is all that has no word of its own.
  const isRefused = code in refusals && !text.includes('max number of clients');
  const words = (isRefused ? refusals[code] : outages[code]) ?? '';
  const problem = words === '' ? text : `${words} (${text})`;
  return new (isRefused ? TransportRefusedError : TransportUnavailableError)(name, problem);
}

/** Whether the server has answered with an error. */
export function isReply(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

function codeOf(text: string): string {
  return /^[A-Z]+/.exec(text)?.[0] ?? '';
}

/** Without what the server repeats of a command, and without the line of a script. */
function replyText({ message }: Error): string {
  return message.replace(/,? with args beginning with.*$/s, '').replace(/ script: [0-9a-f]{40},.*$/s, '');
}

function connectionText(thrown: unknown): string {
  const [first] = thrown instanceof AggregateError ? (thrown.errors as readonly unknown[]) : [];
  const text = thrownText(first ?? thrown);
  // The client's own words ask for a report of an error in it.
  if (text.startsWith('Unknown RESP type'))
    return 'what answers does not speak the protocol of Redis; look at the host and the port of `url`, and whether it takes TLS only';
  return text;
}
