import { shownValue } from './shown.ts';

const UNREADABLE = 'an error that cannot be read was thrown';

/** What was thrown, in words: the message of an error, or which kind of value it is. Never throws, whatever it is given. */
export function thrownText(thrown: unknown): string {
  try {
    if (typeof thrown === 'string') return thrown;
    if (!(thrown instanceof Error)) return `${shownValue(thrown)} was thrown, not an Error`;
    const { message } = thrown;
    return typeof message === 'string' ? message : 'an error without a message was thrown';
  } catch {
    return UNREADABLE;
  }
}

/** The members of an error that are read to find out what to do about it. */
const readMembers = ['name', 'message', 'stack', 'cause', 'code', 'position', 'type'] as const;

/**
 * What was thrown, when its members can be read; otherwise an error in its place. Getters and proxies can throw: called on
 * what a handler has thrown, this keeps that from happening later, where nothing catches it.
 */
export function readable(thrown: unknown): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return thrown;
  try {
    for (const member of readMembers) if (member in thrown) Reflect.get(thrown, member);
    if (!(thrown instanceof Error) || typeof thrown.message === 'string') return thrown;
  } catch {
    // replaced below
  }
  return new Error(thrownText(thrown));
}
