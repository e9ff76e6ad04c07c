import { parseArgs } from 'node:util';

/** The options of the command line. */
export interface Options {
  /** Fewer and shorter repetitions, and no log of 10 million events. */
  readonly quick: boolean;
  /** Selects the goals and workloads whose names begin with it. */
  readonly only: string | undefined;
  /** The file to write all figures to, as JSON. */
  readonly json: string | undefined;
  /** Whether to write the page and the charts of the documentation. */
  readonly publish: boolean;
}

export const usage = `npm run bench [-- options]

  --quick       under 3 minutes: fewer, shorter repetitions; no log of 10 million events
  --only NAME   only names that begin with NAME: append, append.64, load, project, visible, flat, replay ...
  --json FILE   write all figures by name
  --publish     write docs/benchmarks.md and its charts; the default of a full run, which --no-publish turns off

Starts a separate PostgreSQL, or uses the server of DATABASE_URL. Creates its own databases and drops them.`;

/** @throws TypeError for an unknown option, with a message to print */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
      publish: { type: 'boolean' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick, only, json } = values;
  return { quick, only, json, publish: values.publish ?? (!quick && only === undefined) };
}
