import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importAndReport } from './import-and-report.ts';
import { line } from './screen/print.ts';

const [given] = process.argv.slice(2);
const sample = fileURLToPath(new URL('../sample.csv', import.meta.url));
// npm runs a script in the folder of its package.json; a relative path refers to the folder that npm was started in.
const path = given === undefined ? sample : resolve(process.env['INIT_CWD'] ?? process.cwd(), given);

if (!existsSync(path)) {
  process.stderr.write(
    `The file ${path} does not exist. Download "Online Retail" from the UCI Machine Learning Repository (DOI 10.24432/C5BW33), save it as CSV, and pass its path.\n`,
  );
  process.exitCode = 1;
} else {
  if (given === undefined)
    line(
      'No file was given; importing a small sample. The full file is "Online Retail" of the UCI Machine Learning Repository, DOI 10.24432/C5BW33.',
    );
  const { exact } = await importAndReport(path);
  process.exitCode = exact ? 0 : 1;
}
