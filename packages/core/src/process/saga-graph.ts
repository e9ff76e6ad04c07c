import type { AnyProcess } from './define-process.ts';
import { box, edge } from './mermaid.ts';
import type { Saga, SagaStepOutline } from './saga-builder.ts';

/** What a graph of a saga shows beside its process. */
export type DrawnSaga = AnyProcess & Pick<Saga, 'steps' | 'cancelledBy'>;

/** A saga as a flowchart: its steps downwards, and the way back on the side. */
export function sagaGraph(saga: DrawnSaga): string {
  const { steps, starts, cancelledBy, messages } = saga;
  const lines = steps.flatMap((step, index) => [
    box(`step${index}`, titleOf(step), step.kind === 'pivot' ? 'hexagon' : 'square'),
    edge(`step${index}`, index === steps.length - 1 ? 'completed' : `step${index + 1}`, doneBy(step)),
    ...failures(steps, step, index),
  ]);
  const compensated = indexesOf(steps).toReversed();
  const back = compensated.flatMap((index, place) => [
    box(`undo${index}`, `compensate ${steps[index]!.name}`, 'square'),
    edge(`undo${index}`, nextBack(compensated[place + 1])),
  ]);
  const cancels = cancelledBy.flatMap((type, index) => [
    box(`cancel${index}`, type, Object.hasOwn(messages, type) ? 'slanted' : 'round'),
    edge(`cancel${index}`, nextBack(compensated[0]), 'cancels', 'dotted'),
  ]);
  const isTakenBack = steps.some(({ kind }) => kind !== 'retriable');
  return [
    'flowchart TD',
    ...starts.map((type, index) => box(`start${index}`, type, 'round')),
    ...starts.map((_, index) => edge(`start${index}`, 'step0')),
    ...lines,
    box('completed', 'completed', 'double'),
    ...cancels,
    ...back,
    ...(isTakenBack ? [box('compensated', 'compensated', 'double')] : []),
    '',
  ].join('\n');
}

const titleOf = ({ name, kind }: SagaStepOutline) => (kind === 'pivot' ? `${name}, the pivot` : name);

const doneBy = ({ done }: SagaStepOutline) => (done.length === 0 ? 'accepted' : done.join(', '));

/** Where a step leads that did not succeed. */
function failures(
  steps: readonly SagaStepOutline[],
  step: SagaStepOutline,
  index: number,
): readonly string[] {
  const from = `step${index}`;
  const { kind, timeoutMs, attempts } = step;
  // A command that answers by an event can be rejected too.
  const refusal = ['rejected', ...step.refused].join(', ');
  const silence = `no answer within ${timeoutMs} ms`;
  if (kind === 'retriable')
    return [edge(from, from, timeoutMs === undefined ? refusal : `${refusal}, or ${silence}`, 'dotted')];
  const before = indexesOf(steps)
    .filter((one) => one < index)
    .at(-1);
  const times = attempts === 1 ? '' : `, at most ${attempts} attempts`;
  const refused = edge(from, nextBack(before), `${refusal}${times}`, 'dotted');
  if (timeoutMs === undefined) return [refused];
  // A pivot is asked for again. Another step may have succeeded, and is compensated with those before it.
  const unanswered = kind === 'pivot' ? from : nextBack(step.compensated ? index : before);
  return [refused, edge(from, unanswered, silence, 'dotted')];
}

/** The steps that have a compensation. */
function indexesOf(steps: readonly SagaStepOutline[]): readonly number[] {
  return steps.flatMap(({ compensated }, index) => (compensated ? [index] : []));
}

const nextBack = (index: number | undefined) => (index === undefined ? 'compensated' : `undo${index}`);
