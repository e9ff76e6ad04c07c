import { assertObject } from '../input/assert-argument.ts';
import { holds } from '../input/holds.ts';
import { notDefinition } from '../input/assert-definition.ts';
import type { AnyProcess } from './define-process.ts';
import { type DrawnSaga, sagaGraph } from './saga-graph.ts';
import { box, edge } from './mermaid.ts';

/**
 * A process as the text of a Mermaid flowchart, for documentation: what begins an instance, what it reads, its deadlines and
 * what it publishes. Of a saga, its steps, its pivot, its compensations and what cancels it. The same definition gives the same text.
 *
 * The commands that a function of `react` issues are not in it: only calling it would say which ones.
 *
 * @throws InvalidArgumentError when it is no process
 *
 * @example
 * ```ts
 * await writeFile('docs/transfer.mmd', processGraph(transfer));
 * ```
 */
export function processGraph(process: AnyProcess): string {
  assertObject('a process', 'process', process, ['kind']);
  if (!holds(() => process.kind === 'process' && Array.isArray(process.eventTypes)))
    throw notDefinition('a process, made by defineProcess(...) or defineSaga(...)', 'process', process);
  return hasSteps(process) ? sagaGraph(process) : plainGraph(process);
}

function hasSteps(process: AnyProcess): process is DrawnSaga {
  return 'steps' in process;
}

function plainGraph(process: AnyProcess): string {
  const { name, version, eventTypes, messages, starts, deadlines, published } = process;
  const events = eventTypes.map((type) => ({ type, shape: 'round' as const }));
  const inputs = [...events, ...Object.keys(messages).map((type) => ({ type, shape: 'slanted' as const }))];
  const lines = inputs.flatMap(({ type, shape }, index) => [
    box(`input${index}`, type, shape),
    edge(`input${index}`, 'process', starts.includes(type) ? 'starts' : undefined),
  ]);
  const timers = deadlines.flatMap((deadline, index) => [
    box(`deadline${index}`, deadline, 'hexagon'),
    edge('process', `deadline${index}`, 'sets', 'dotted'),
    edge(`deadline${index}`, 'process', 'is over', 'dotted'),
  ]);
  const outputs = published.definitions.flatMap(({ type }, index) => [
    box(`published${index}`, type, 'round'),
    edge('process', `published${index}`),
  ]);
  return [
    'flowchart LR',
    box('process', `${name}, version ${version}`, 'square'),
    ...lines,
    ...timers,
    ...outputs,
    '',
  ].join('\n');
}
