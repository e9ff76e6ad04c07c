/**
 * Reads the rows of a guarantees page: tables whose header's last cell is "test". A test cell may name several tests,
 * separated by `<br>`.
 *
 * @param {string} markdown
 * @returns {{ claim: string; tests: string[] }[]}
 */
export function parseGuarantees(markdown) {
  const rows = [];
  let inTable = false;
  for (const line of markdown.split('\n')) {
    const cells = line.trim().startsWith('|') ? splitCells(line) : undefined;
    if (!cells) inTable = false;
    else if (cells.at(-1)?.toLowerCase() === 'test') inTable = true;
    else if (inTable && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      rows.push({
        claim: cells[0] ?? '',
        tests: (cells.at(-1) ?? '')
          .split(/<br\s*\/?>/)
          .map(plain)
          .filter(Boolean),
      });
    }
  }
  return rows;
}

/**
 * Says, one line each, which guarantees are not held: no test named, no such file or test, or a test that was skipped.
 *
 * @param {{ claim: string; tests: string[] }[]} guarantees
 * @param {{ file: string; titles: string[]; status: string }[]} ran
 * @returns {string[]}
 */
export function findProblems(guarantees, ran) {
  const files = new Set(ran.map((test) => test.file));
  return guarantees.flatMap(({ claim, tests }) => {
    if (tests.length === 0) return [`"${claim}": names no test`];
    return tests.flatMap((test) => {
      const [file = '', ...titles] = test.split(' > ');
      const name = titles.join(' > ');
      if (!name) return [`"${claim}": "${test}" is not \`path/to/file.test.ts > test name\``];
      if (!files.has(file)) return [`"${claim}": no test of ${file} ran`];
      const found = ran.filter(
        (one) => one.file === file && (one.titles.join(' > ') === name || one.titles.at(-1) === name),
      );
      if (found.length === 0) return [`"${claim}": ${file} has no test "${name}"`];
      const idle = found.find((one) => one.status !== 'passed' && one.status !== 'failed');
      return idle ? [`"${claim}": "${name}" of ${file} did not run (${idle.status})`] : [];
    });
  });
}

/** The cells of a Markdown table row; `\|` is a bar inside a cell. */
function splitCells(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** A test cell without the backticks around the name. */
function plain(text) {
  return text
    .trim()
    .replace(/^`+|`+$/g, '')
    .trim();
}
