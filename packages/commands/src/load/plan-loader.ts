import type { AppendLock } from '@leftfold/core';
import type { Loaded } from '../decide/loaded.ts';
import type { Plan, Target } from '../decide/plan.ts';
import type { FoldedState } from './folded.ts';
import type { FoldLoader } from './fold-loader.ts';
import type { Loader } from './loader.ts';

/** Loads everything that a command is decided on. */
export class PlanLoader {
  readonly #loader: Loader;
  readonly #foldLoader: FoldLoader;

  constructor(loader: Loader, foldLoader: FoldLoader) {
    this.#loader = loader;
    this.#foldLoader = foldLoader;
  }

  /**
   * The cached states, without asking the store. A decision based on them holds if the append finds them unchanged. undefined
   * when one is not known.
   */
  guess({ name, targets, folds }: Plan): Loaded | undefined {
    const guess = {
      targets: withStates(targets, (target) => this.#loader.guess(target, requesterOf(name, target))),
      folds: withStates(folds, (target) => this.#foldLoader.guess(target, name)),
    };
    return guess.targets.length < targets.length || guess.folds.length < folds.length ? undefined : guess;
  }

  /**
   * The current states: those of folds at one position, and that of each aggregate at a moment of its own.
   *
   * @param lock reads them. @default the store
   */
  async load({ name, targets, folds }: Plan, lock?: AppendLock): Promise<Loaded> {
    const [ofFolds, ...ofTargets] = await Promise.all([
      this.#foldLoader.load(folds, name, lock),
      ...targets.map((target) => this.#loader.load(target, { requester: requesterOf(name, target), lock })),
    ]);
    return {
      targets: targets.map((target, index) => ({ target, folded: ofTargets[index]! })),
      folds: folds.map((target, index) => ({ target, folded: ofFolds[index]! })),
    };
  }
}

function requesterOf(command: string, { role }: Target): string {
  return `${command} ${role}`;
}

/** Those whose state is known. */
function withStates<TTarget>(
  targets: readonly TTarget[],
  stateOf: (target: TTarget) => FoldedState | undefined,
): readonly { readonly target: TTarget; readonly folded: FoldedState }[] {
  return targets.flatMap((target) => {
    const folded = stateOf(target);
    return folded === undefined ? [] : [{ target, folded }];
  });
}
