import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MarkdownOptions } from 'vitepress';

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0];
type ShikiTransformer = NonNullable<MarkdownOptions['codeTransformers']>[number];
type Tokens = ReturnType<MarkdownIt['parse']>;

/** Longer code can break at the places that {@link breakCode} marks. */
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

/** Passes the indentation of each line of code to its style, so that wrapped text can be indented further. */
export const indentLines: ShikiTransformer = {
  name: 'indent-lines',
  line(node, number) {
    const indent = /^ */.exec(this.source.split('\n')[number - 1] ?? '')?.[0].length ?? 0;
    if (indent > 0) node.properties['style'] = `--indent: ${indent}ch`;
  },
};

/**
 * Inserts an SVG of the repository into the page instead of an `<img>`, so that it uses the colours of the page, which
 * can be switched between light and dark. Its own `<style>` applies where it is shown as an image.
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
 * Adds the heading of its column to each cell of a table with three or more columns. On a narrow screen a row of such a
 * table is a block: the cell that names the row, and below it the other cells with their headings as labels.
 */
export function labelCells(md: MarkdownIt): void {
  // The rule of vitepress ignores the attributes of the token.
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

/** Whether a column has figures, which are right-aligned. */
function isFigure(cell: Tokens[number]): boolean {
  return cell.attrGet('style') === 'text-align:right';
}
