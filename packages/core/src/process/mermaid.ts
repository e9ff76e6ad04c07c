/** Square: what is done. Round: an event. Slanted: a message. Hexagon: a deadline or a decision. Double: an end. */
export type BoxShape = 'square' | 'round' | 'slanted' | 'hexagon' | 'double';

const brackets: Readonly<Record<BoxShape, readonly [string, string]>> = {
  square: ['[', ']'],
  round: ['([', '])'],
  slanted: ['[/', '/]'],
  hexagon: ['{{', '}}'],
  double: ['(((', ')))'],
};

/** A node of a flowchart. @param id made here, of letters and digits */
export function box(id: string, text: string, shape: BoxShape): string {
  const [open, close] = brackets[shape];
  return `  ${id}${open}"${escaped(text)}"${close}`;
}

/** An arrow of a flowchart. */
export function edge(from: string, to: string, text?: string, line: 'solid' | 'dotted' = 'solid'): string {
  const arrow = line === 'solid' ? '-->' : '-.->';
  return text === undefined ? `  ${from} ${arrow} ${to}` : `  ${from} ${arrow}|"${escaped(text)}"| ${to}`;
}

/** Mermaid reads quotes, brackets, "#" and markup in a text; it shows a character that is given by its number. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:_-]/gu, (character) => `#${character.codePointAt(0)};`);
}
