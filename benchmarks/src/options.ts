import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  /** Fewer and shorter repetitions, and no log of 10 million events. */
  readonly quick: boolean;
  /** Only goals and workloads whose names begin so. */
  readonly only: string | undefined;
  /** Where to write every figure as JSON. */
  readonly json: string | undefined;
  /** Write the table and the chart into the documentation. */
  readonly publish: boolean;
}

export const usage = `npm run bench [-- options]

  --quick       under 3 minutes: fewer, shorter repetitions; no log of 10 million events
  --only NAME   only what begins with NAME: append, append.64, load, project, visible, flat, replay ...
  --json FILE   write every figure by name
  --publish     write docs/benchmarks.md and its chart; the full run does so by itself, --no-publish keeps it from that

Runs on a PostgreSQL of its own, or on the one DATABASE_URL names: in databases that it makes and drops.`;

/** @throws TypeError for an option that there is not, with a message for people */
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
