import { InvalidArgumentError } from '@leftfold/core';

const schemes = ['postgres:', 'postgresql:', 'socket:'];

/**
 * The message never repeats a part of the text: with an unencoded password, a part of it reads as host or port.
 *
 * @throws InvalidArgumentError when the text is neither a URL of PostgreSQL nor the path of a socket
 */
export function assertConnectionString(text: string): void {
  if (text === '') throw refused('must not be empty: is the variable that it comes from set?');
  if (text.startsWith('/')) return;
  if (!schemes.some((scheme) => text.startsWith(scheme)))
    throw refused('must begin with postgres:// or postgresql://');
  if (!isWhole(text))
    throw refused(
      'cannot be read as a URL: encode the user name and the password with encodeURIComponent, and give the port as a number',
    );
}

/** The host and port; undefined when the text is not a URL, or its password may be a part of them. */
export function hostOf(connectionString: string): string | undefined {
  return isWhole(connectionString) ? new URL(connectionString).host : undefined;
}

/** A `/`, `#` or `?` in a password ends the host: the `@` that ends the password is then in a later part. */
function isWhole(text: string): boolean {
  if (!URL.canParse(text)) return isWithoutHost(text);
  const { username, pathname, search, hash } = new URL(text);
  const later = username === '' ? [pathname, search, hash] : [pathname, hash];
  return isDecodable(text) && !later.some((part) => part.includes('@'));
}

/** `postgres://user@/database` is one for pg, and none for URL. */
function isWithoutHost(text: string): boolean {
  const [, host] = /^[a-z]+:\/\/(?:[^/?#]*@)?([^/?#]*)\//.exec(text) ?? [];
  return host === '';
}

function isDecodable(text: string): boolean {
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false;
  }
}

function refused(problem: string): InvalidArgumentError {
  return new InvalidArgumentError('connectionString', problem);
}
