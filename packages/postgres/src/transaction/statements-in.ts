/** What may have a semicolon in it: literals, quoted names, bodies of functions, and comments of one line. */
const quoted =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*|)\$[\s\S]*?\$\1\$|--[^\n]*/g;
/** A comment without another one in it. */
const innermost = /\/\*(?:(?!\/\*|\*\/)[\s\S])*\*\//g;

/** The statements of a text, without their comments and with a blank for all that is quoted. */
export function statementsIn(text: string): readonly string[] {
  let bare = text.replaceAll(quoted, ' ');
  for (let before = ''; before !== bare; ) {
    before = bare;
    bare = bare.replaceAll(innermost, ' ');
  }
  return bare.split(';').map((statement) => statement.trim());
}
