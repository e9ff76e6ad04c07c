import type { JsonValue } from '../event/json.ts';
import type { RecordedInput } from './process-inputs.ts';
import { commandMeant, deadlineMeant, type SagaPlan, type SagaStep } from './saga-plan.ts';
import {
  hasSagaEnded,
  type NotCancelled,
  type SagaAction,
  type SagaPhase,
  type SagaState,
  type SagaStepState,
} from './saga-state.ts';

/** The state of a saga after an input, with what follows from it. It calls none of the functions of its steps. */
export function nextSagaState(plan: SagaPlan, state: SagaState, input: RecordedInput): SagaState {
  const fold = new SagaFold(plan, state);
  if (!hasSagaEnded(state)) fold.take(input);
  return fold.state;
}

/** Why a saga in this state is not cancelled. */
export function whyNotCancelled(plan: SagaPlan, state: SagaState): NotCancelled | undefined {
  if (state.phase === 'compensating' || state.phase === 'stuck') return 'compensating';
  return runningStep(plan, state)?.kind === 'retriable' ? 'pivot-succeeded' : undefined;
}

const runningStep = ({ steps }: SagaPlan, { step }: SagaState) => steps.find(({ name }) => name === step);

const unrun: SagaStepState = {
  run: 'sent',
  runs: 0,
  unanswered: false,
  compensation: 'none',
  compensations: 0,
  rejections: 0,
  again: false,
};

/** The fold of one input. */
class SagaFold {
  readonly #plan: SagaPlan;
  readonly #steps: Record<string, SagaStepState>;
  readonly #next: SagaAction[] = [];
  #state: SagaState;

  constructor(plan: SagaPlan, state: SagaState) {
    this.#plan = plan;
    this.#state = state;
    this.#steps = { ...state.steps };
  }

  get state(): SagaState {
    return { ...this.#state, steps: this.#steps, next: this.#next };
  }

  take(input: RecordedInput): void {
    if (this.#state.phase === 'new') return this.#start(input);
    switch (input.type) {
      case 'accepted':
      case 'rejected':
        return this.#takeAnswer(input);
      case 'deadline':
        return this.#takeDeadline(input.name ?? '');
      case 'cancelled':
        return this.#cancel(input.reason ?? '');
      default: {
        if (this.#plan.cancelledBy.includes(input.type)) return this.#cancel(input.type);
        const done = this.#plan.steps.find((step) => step.done.includes(input.type));
        if (done !== undefined) return this.#succeeded(done, input['data']);
        const refused = this.#plan.steps.find((step) => step.refused.includes(input.type));
        if (refused !== undefined) this.#refused(refused, input.type);
      }
    }
  }

  #start(input: RecordedInput): void {
    const { startedBy, steps } = this.#plan;
    if (input.type !== startedBy) return;
    this.#set({ input: input['data'] ?? null, phase: 'forward' });
    this.#run(steps[0]!);
  }

  #takeAnswer({ type, as, reason }: RecordedInput): void {
    const meant = commandMeant(as);
    const step = this.#plan.steps.find(({ name }) => name === meant?.step);
    const at = step && this.#steps[step.name];
    if (meant === undefined || step === undefined || at === undefined) return;
    const accepted = type === 'accepted';
    if (meant.compensates) {
      // An answer is to one attempt: the one before it was rejected, and so has had no effect.
      if (meant.attempt !== at.compensations || at.compensation !== 'sent') return;
      if (accepted) this.#compensated(step);
      else this.#notCompensated(step);
    } else if (meant.attempt === at.runs) {
      if (!accepted) this.#refused(step, reason ?? '');
      // With answers, what the command leads to says whether the step has succeeded.
      else if (step.done.length === 0) this.#succeeded(step, undefined);
    }
  }

  #takeDeadline(name: string): void {
    const { timer, step: of } = deadlineMeant(name);
    const step = this.#plan.steps.find((one) => one.name === of);
    const at = this.#steps[of];
    if (step === undefined || at === undefined) return;
    if (timer === 'timeout') this.#timedOut(step, at);
    else if (timer === 'retry' && this.#isForward && at.run === 'waiting') this.#run(step);
    else if (timer === 'compensate' && at.compensation === 'waiting') this.#compensate(step);
    else if (timer === 'published' && at.compensation === 'sent') this.#compensated(step);
  }

  #run(step: SagaStep): void {
    const { runs, unanswered } = this.#steps[step.name] ?? unrun;
    this.#set({ step: step.name });
    this.#steps[step.name] = { ...unrun, runs: runs + 1, unanswered };
    this.#do('run', step);
  }

  #succeeded(step: SagaStep, result: JsonValue | undefined): void {
    const at = this.#steps[step.name];
    // It says so twice, or before it was asked.
    if (at === undefined || at.run === 'done') return;
    // A saga that is compensated has seen its pivot refused: it is not compensatable.
    if (!this.#isForward && step.kind !== 'compensatable') return;
    if (this.#isForward) this.#closeTimer(step);
    this.#update(step, { run: 'done', unanswered: false, ...(result !== undefined && { result }) });
    if (!this.#isForward) return this.#succeededLate(step, at);
    // A pivot that has succeeded comes before an operator who wanted it cancelled.
    this.#set({ cancelled: '' });
    const next = this.#plan.steps[this.#plan.steps.indexOf(step) + 1];
    if (next === undefined) return this.#end('completed');
    this.#run(next);
  }

  /** Known to have succeeded while the saga is compensated. */
  #succeededLate(step: SagaStep, { compensation }: SagaStepState): void {
    if (step.compensate === undefined) return;
    // The commands of an instance are executed in order: a compensation comes after the step in any case.
    const inOrder = step.done.length === 0;
    if (compensation === 'none' || (compensation === 'done' && !inOrder))
      this.#update(step, { compensation: 'owed', rejections: 0 });
    else if (compensation === 'sent' && !inOrder) this.#update(step, { again: true });
    this.#compensateNext();
  }

  #refused(step: SagaStep, reason: string): void {
    const at = this.#steps[step.name];
    if (at === undefined || at.run === 'done' || at.run === 'refused') return;
    if (at.run === 'unknown') return this.#refusedLate(step, at);
    if (at.run === 'waiting' && (step.kind === 'retriable' || !at.unanswered)) return;
    this.#closeTimer(step);
    if (at.runs < step.retry.attempts && this.#state.cancelled === '')
      return this.#wait(step, { unanswered: false });
    this.#update(step, { run: 'refused', unanswered: false });
    this.#goBack(this.#state.cancelled || `step "${step.name}" was refused: ${reason}`);
  }

  /** Known to have failed while the saga is compensated: there is nothing to compensate. */
  #refusedLate(step: SagaStep, { compensation }: SagaStepState): void {
    if (compensation === 'waiting') this.#closeTimer(step);
    this.#update(step, { run: 'refused', again: false });
    if (compensation === 'waiting' || compensation === 'owed') this.#update(step, { compensation: 'done' });
    this.#compensateNext();
  }

  #timedOut(step: SagaStep, { run }: SagaStepState): void {
    if (!this.#isForward || run !== 'sent') return;
    if (step.kind !== 'compensatable') return this.#wait(step, { unanswered: true });
    this.#update(step, { run: 'unknown' });
    this.#goBack(`step "${step.name}" had no answer within ${step.timeoutMs} ms`);
  }

  #wait(step: SagaStep, { unanswered }: { readonly unanswered: boolean }): void {
    this.#update(step, { run: 'waiting', unanswered });
    this.#do('retry', step);
  }

  /** Before the pivot has succeeded, a saga can be cancelled. One whose pivot may have succeeded waits for its answer. */
  #cancel(reason: string): void {
    const step = runningStep(this.#plan, this.#state);
    if (step === undefined || whyNotCancelled(this.#plan, this.#state) !== undefined) return;
    const why = `cancelled: ${reason}`;
    const { run, unanswered } = this.#steps[step.name]!;
    const open = run === 'sent' || unanswered;
    if (open && step.kind === 'pivot') return this.#set({ cancelled: why });
    this.#closeTimer(step);
    this.#update(step, { run: open ? 'unknown' : 'refused' });
    this.#goBack(why);
  }

  #goBack(reason: string): void {
    this.#set({ phase: 'compensating', reason });
    for (const step of this.#plan.steps) {
      const run = this.#steps[step.name]?.run;
      if (step.compensate !== undefined && (run === 'done' || run === 'unknown'))
        this.#update(step, { compensation: 'owed' });
    }
    this.#compensateNext();
  }

  /** One at a time, the last step first. */
  #compensateNext(): void {
    const isOpen = ({ compensation }: SagaStepState) => compensation === 'sent' || compensation === 'waiting';
    if (Object.values(this.#steps).some(isOpen)) return;
    const owed = this.#plan.steps.findLast(({ name }) => this.#steps[name]?.compensation === 'owed');
    if (owed !== undefined) return this.#compensate(owed);
    this.#end('compensated');
  }

  #compensate(step: SagaStep): void {
    const { compensations } = this.#steps[step.name]!;
    this.#update(step, { compensation: 'sent', compensations: compensations + 1 });
    this.#do('compensate', step);
  }

  #compensated(step: SagaStep): void {
    const { again } = this.#steps[step.name]!;
    this.#update(step, { compensation: again ? 'owed' : 'done', again: false, rejections: 0 });
    if (this.#state.phase === 'stuck') this.#set({ phase: 'compensating' });
    this.#compensateNext();
  }

  #notCompensated(step: SagaStep): void {
    const { run, again, rejections } = this.#steps[step.name]!;
    // There was nothing to compensate.
    if (run === 'refused') return this.#compensated(step);
    const times = again ? 1 : rejections + 1;
    if (times < this.#plan.compensationRetry.attempts) {
      this.#update(step, { compensation: 'waiting', rejections: times, again: false });
      return this.#do('retry-compensation', step);
    }
    this.#update(step, { rejections: times, again: false });
    this.#set({ phase: 'stuck' });
    this.#do('stuck', step);
  }

  get #isForward(): boolean {
    return this.#state.phase === 'forward';
  }

  #end(phase: SagaPhase): void {
    this.#set({ phase });
  }

  #set(changes: Partial<SagaState>): void {
    this.#state = { ...this.#state, ...changes };
  }

  #update(step: SagaStep, changes: Partial<SagaStepState>): void {
    this.#steps[step.name] = { ...(this.#steps[step.name] ?? unrun), ...changes };
  }

  /** The one that can be open, as the step is now. */
  #closeTimer({ name }: SagaStep): void {
    const at = this.#steps[name]!;
    const waiting = at.run === 'waiting' ? 'retry' : 'timeout';
    this.#next.push({
      do: 'close',
      step: name,
      timer: at.compensation === 'waiting' ? 'compensate' : waiting,
    });
  }

  #do(what: Exclude<SagaAction['do'], 'close'>, { name }: SagaStep): void {
    this.#next.push({ do: what, step: name });
  }
}
