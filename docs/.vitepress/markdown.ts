import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MarkdownOptions } from 'vitepress';

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0];
type ShikiTransformer = NonNullable<MarkdownOptions['codeTransformers']>[number];
type Tokens = ReturnType<MarkdownIt['parse']>;

/** Code that is longer than this may break at the places that {@link breakCode} marks. */
const SHORT_CODE = 16;

/** Lets long code in a sentence or a cell break after `/`, `_` and `.`, and between the words of a name. */
export function breakCode(md: MarkdownIt): void {
  const render = md.renderer.rules.code_inline;
  md.renderer.rules.code_inline = (tokens, index, options, env, self) => {
    const html = render?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
    if ((tokens[index]?.content.length ?? 0) <= SHORT_CODE) return html;
    return html.replace(/(?<=>)[^<]+/, (code) =>
      code.replace(/(?<=[/_])|(?<=\w\.)(?=\w)|(?<=[a-z])(?=[A-Z])/g, '<wbr>'),
    );
  };
}

/** Tells the style of each line of code how far it is indented, so that what wraps can be indented further. */
export const indentLines: ShikiTransformer = {
  name: 'indent-lines',
  line(node, number) {
    const indent = /^ */.exec(this.source.split('\n')[number - 1] ?? '')?.[0].length ?? 0;
    if (indent > 0) node.properties['style'] = `--indent: ${indent}ch`;
  },
};

/**
 * Puts an SVG of the repository into the page instead of an `<img>`: its colours are then the page's, which can be
 * switched between light and dark. Its own `<style>` is for readers who see it as an image.
 */
export function inlineCharts(md: MarkdownIt): void {
  const render = md.renderer.rules.image;
  md.renderer.rules.image = (tokens, index, options, env: { readonly path: string }, self) => {
    const source = tokens[index]?.attrGet('src') ?? '';
    if (!/^\.{1,2}\/.*\.svg$/.test(source)) return render?.(tokens, index, options, env, self) ?? '';
    const svg = readFileSync(join(dirname(env.path), source), 'utf8').replace(
      /<style>[\s\S]*?<\/style>\n/,
      '',
    );
    return `<span class="chart">${svg.trim()}</span>`;
  };
}

/**
 * Gives each cell of a table with three columns or more the text of its column's head. On a narrow screen a row of such
 * a table is a block: the cell that names the row, and below it the others with their labels.
 */
export function labelCells(md: MarkdownIt): void {
  // The rule of vitepress writes the tag without the attributes of its token.
  md.renderer.rules['table_open'] = (tokens, index, options, _env, self) =>
    self.renderToken(tokens, index, options);
  md.core.ruler.push('label-cells', ({ tokens }) => {
    tokens.forEach((token, index) => {
      if (token.type !== 'table_open') return;
      token.attrSet('tabindex', '0');
      labelTable(tokens, index);
    });
  });
}

function labelTable(tokens: Tokens, open: number): void {
  const close = tokens.findIndex(({ type }, index) => index > open && type === 'table_close');
  const table = tokens.slice(open, close);
  const heads = table.flatMap(({ type }, index) =>
    type === 'th_open' ? [{ text: table[index + 1]?.content ?? '', isFigure: isFigure(table[index]!) }] : [],
  );
  if (heads.length < 3) return;
  tokens[open]?.attrJoin('class', 'stacked');
  const naming = heads.findIndex(({ isFigure: figure }) => !figure);
  table
    .filter(({ type }) => type === 'td_open')
    .forEach((cell, index) => {
      const column = index % heads.length;
      if (column === naming) cell.attrJoin('class', 'name');
      else cell.attrSet('data-label', heads[column]?.text.replaceAll('`', '') ?? '');
      if (isFigure(cell)) cell.attrJoin('class', 'figure');
    });
}

/** Columns of figures are aligned to the right. */
function isFigure(cell: Tokens[number]): boolean {
  return cell.attrGet('style') === 'text-align:right';
}
