// Compares the public API of every entry of a published package with its report api/<entry>.api.md. The API, with
// signatures, is read from the built declarations. Fails with the difference; `--accept` writes the reports instead.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, 'api');
const accept = process.argv.includes('--accept');
mkdirSync(reports, { recursive: true });

const entries = readdirSync(join(root, 'packages')).flatMap(entriesOf);
const missing = entries.find(({ declarations }) => !existsSync(declarations));
if (missing) fail(`${missing.declarations} does not exist: run "npm test -- build" first.`);

const configs = entries.map(configOf);
// One program for all entries: a program for each takes four times as long.
const compilerState = CompilerState.create(configs[0], {
  additionalEntryPoints: entries.map(({ declarations }) => declarations),
});
const outdated = entries.filter((entry, index) => !isUpToDate(entry, configs[index]));

const files = new Set(entries.map(({ report }) => `${report}.api.md`));
const left = readdirSync(reports).filter((file) => !files.has(file));
for (const file of left) {
  if (accept) rmSync(join(reports, file));
  else console.error(`api/${file} belongs to no entry.\n`);
}

if (!accept && outdated.length + left.length > 0) {
  fail(
    'The public API differs from the reports in api/. If this is intended, run "npx pnpm api", ' +
      'and commit api/ with a changeset.',
  );
}
const written = accept ? `, ${outdated.length} written, ${left.length} removed` : '';
console.log(`${entries.length} reports are up to date${written}`);

/** The entries of a package that have declarations. */
function entriesOf(folder) {
  const path = join(root, 'packages', folder);
  const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  if (manifest.private) return [];
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([name, target]) => ({
      path,
      report: folder + name.slice(1).replaceAll('/', '-'),
      declarations: join(path, target.types),
    }));
}

function configOf({ path, report, declarations }) {
  const silent = { default: { logLevel: 'none' } };
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(path, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      newlineKind: 'lf',
      projectFolder: path,
      mainEntryPointFilePath: declarations,
      compiler: {
        overrideTsconfig: {
          extends: join(root, 'tsconfig.base.json'),
          // Without the condition that resolves packages to their sources: a report describes the published files.
          compilerOptions: {
            customConditions: [],
            types: ['node'],
            typeRoots: [join(root, 'node_modules/@types')],
          },
          files: entries.map((entry) => entry.declarations),
        },
      },
      apiReport: {
        enabled: true,
        // Includes types that a signature uses but the entry does not export: callers depend on them too.
        includeForgottenExports: true,
        reportFileName: report,
        reportFolder: reports,
        reportTempFolder: join(root, 'node_modules/.cache/leftfold-api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  });
}

/** Compares a report with the declarations, and prints or writes the difference. */
function isUpToDate({ report }, config) {
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    compilerState,
    localBuild: accept,
    printApiReportDiff: !accept,
    messageCallback: (message) => {
      message.handled = true;
      const { logLevel, messageId, text } = message;
      if (logLevel === 'error') console.error(`${report}: ${text}`);
      if (messageId === 'console-api-report-diff') console.error(text.replace(/^.*\n\n/, ''));
    },
  });
  if (errorCount > 0) fail(`The declarations of ${report} cannot be read.`);
  return !apiReportChanged;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
