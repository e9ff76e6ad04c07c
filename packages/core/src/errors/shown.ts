/** Characters of a caller's value that an error message has at most. */
const MAX_SHOWN = 60;

/** Characters that would change how the text around them is read: control, direction, line separators, halves of pairs. */
const unreadable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** A text as it may be in an error message: quoted, with escapes, and of limited length. */
export function shownText(text: string): string {
  const abridged = text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 3)}...`;
  return JSON.stringify(abridged).replace(unreadable, escaped);
}

function escaped(characters: string): string {
  let escapes = '';
  for (let index = 0; index < characters.length; index += 1)
    escapes += `\\u${characters.charCodeAt(index).toString(16).padStart(4, '0')}`;
  return escapes;
}

/** What a caller gave, for an error message: numbers and texts as they are, everything else by its kind alone. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return shownText(value);
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
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'a list';
      return value instanceof Date ? 'an invalid Date' : 'an object';
  }
}
