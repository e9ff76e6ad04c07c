import type { Process } from './define-process.ts';
import type {
  CompensatableStepOptions,
  PivotStepOptions,
  RetriableStepOptions,
  SagaAnswers,
  SagaTypes,
  StepResult,
} from './saga-options.ts';
import type { SagaStep } from './saga-plan.ts';
import type { SagaState } from './saga-state.ts';

/** A step, as it was declared. */
export type SagaStepOutline = Pick<SagaStep, 'name' | 'kind' | 'done' | 'refused' | 'timeoutMs'> & {
  readonly compensated: boolean;
  /** In all; `Infinity` behind the pivot. */
  readonly attempts: number;
};

/** A process that was made by {@link defineSaga}. */
export type Saga<TSaga extends SagaTypes = SagaTypes> = Process<
  TSaga['name'],
  TSaga['groups'],
  TSaga['messages'],
  TSaga['publishes'],
  SagaState<TSaga['input']>
> & {
  /** Its steps, in order. */
  readonly steps: readonly SagaStepOutline[];
  /** The types of the events and messages that cancel an instance. */
  readonly cancelledBy: readonly string[];
};

/** Refuses a name that a step has. */
type NewName<TName extends string, TNames extends string> = TName extends TNames ? never : unknown;

type Done<TSaga extends SagaTypes> = keyof SagaAnswers<TSaga> & string;

/** Adds the steps of a saga, in their order. Each call returns a builder of its own. */
export interface SagaBuilder<TSaga extends SagaTypes, TResults, TNames extends string> {
  /**
   * Adds a step that is compensated when the saga does not get beyond the pivot.
   *
   * @throws InvalidNameError, InvalidArgumentError, InvalidDefinitionError when a part is none, or an answer or a name is that of
   * another step
   */
  step<const TName extends string, const TDone extends Done<TSaga> = never>(
    name: TName & NewName<TName, TNames>,
    options: CompensatableStepOptions<TSaga, TResults, TName, TDone>,
  ): SagaBuilder<TSaga, TResults & StepResult<TSaga, TName, TDone>, TNames | TName>;
  /** Adds the step after which the saga only goes forward. @throws like {@link step} */
  pivot<const TName extends string, const TDone extends Done<TSaga> = never>(
    name: TName & NewName<TName, TNames>,
    options: PivotStepOptions<TSaga, TResults, TDone>,
  ): ForwardSagaBuilder<TSaga, TResults & StepResult<TSaga, TName, TDone>, TNames | TName>;
  /** @throws InvalidDefinitionError without a step; what `defineProcess` throws */
  build(): Saga<TSaga>;
}

/** Adds the steps behind the pivot. */
export interface ForwardSagaBuilder<TSaga extends SagaTypes, TResults, TNames extends string> {
  /** Adds a step that is repeated until it succeeds. @throws like {@link SagaBuilder.step} */
  step<const TName extends string, const TDone extends Done<TSaga> = never>(
    name: TName & NewName<TName, TNames>,
    options: RetriableStepOptions<TSaga, TResults, TDone>,
  ): ForwardSagaBuilder<TSaga, TResults & StepResult<TSaga, TName, TDone>, TNames | TName>;
  /** @throws what `defineProcess` throws */
  build(): Saga<TSaga>;
}

/** The state of a saga: `SagaStateOf<typeof booking>`. */
export type SagaStateOf<TSaga extends { readonly initialState: SagaState<unknown> }> = TSaga['initialState'];
