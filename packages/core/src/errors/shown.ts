/** Longest text of a caller that an error message quotes, in characters. */
const MAX_QUOTED = 60;

/** Characters of a URL, a connection string or JSON, which may have a password or a payload in them. */
const telling = /[:/@{}[\]"=]/;

/** Characters that would change how the text around them is read: control, direction, line separators, halves of pairs. */
const unreadable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Longest message of an error, in characters. */
const MAX_MESSAGE = 4_000;
/** Characters that are kept at the end of a longer one: what to do stands there. */
const MAX_END = 1_000;

/** Characters that end a line, control a terminal or change the direction of what follows, and halves of pairs. */
const breaking = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A message in one readable line of limited length, whatever names and causes it repeats. */
export function inOneLine(message: string): string {
  const line = message.replace(breaking, (character) => (character === '\n' ? '\\n' : escaped(character)));
  if (line.length <= MAX_MESSAGE) return line;
  return `${line.slice(0, MAX_MESSAGE - MAX_END - 3)} … ${line.slice(-MAX_END)}`.toWellFormed();
}

/**
 * A text that is the value itself, such as one of several words, as it may be in an error message: quoted, with escapes.
 * One that is long, or that may be a URL or JSON, is described by its length.
 */
export function shownText(text: string): string {
  return quoted(text) ?? described(text);
}

/** A name or an id, likewise, to follow the word for what it names: `"acc-1"`, or `of 300 characters`. */
export function shownName(name: unknown): string {
  return typeof name === 'string' ? (quoted(name) ?? `of ${charactersOf(name)}`) : shownValue(name);
}

/** An id whose length was checked, and which a person needs as it is: quoted, with escapes. */
export function shownId(id: string): string {
  return JSON.stringify(id).replace(unreadable, escaped);
}

/** Longest text of a caller in a field of an error, in characters: as long as an id may be. */
const MAX_KEPT = 255;

/** A text that was not checked, as it may be in a field of an error: with escapes, and abridged. */
export function keptText(text: string): string {
  const kept = text.length <= MAX_KEPT ? text : `${text.slice(0, MAX_KEPT)}...`;
  return kept.replace(unreadable, escaped);
}

function quoted(text: string): string | undefined {
  return text.length > MAX_QUOTED || telling.test(text) ? undefined : shownId(text);
}

function described(text: string): string {
  return `a text of ${charactersOf(text)}`;
}

function charactersOf({ length }: string): string {
  return length === 1 ? '1 character' : `${length} characters`;
}

function escaped(characters: string): string {
  let escapes = '';
  for (let index = 0; index < characters.length; index += 1)
    escapes += `\\u${characters.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return escapes;
}

/** What a caller gave in place of something else, for an error message: numbers as they are, all else by its kind. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return described(value);
    case 'number':
      return String(value);
    case 'boolean':
    case 'undefined':
      return `${value}`;
    case 'bigint':
      return 'a bigint';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'object':
      return value === null ? 'null' : shownObject(value);
  }
}

function shownObject(value: object): string {
  try {
    if (Array.isArray(value)) return 'a list';
    return value instanceof Date ? 'an invalid Date' : 'an object';
  } catch {
    return 'an object that cannot be read';
  }
}
