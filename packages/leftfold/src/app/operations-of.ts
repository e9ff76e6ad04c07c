import type { ConsumerRunner, RelayRunner } from '@leftfold/messaging';
import type { ProcessRunner } from '@leftfold/processes';
import type { ReactionRunner } from '@leftfold/subscriptions';
import type { AppConsumers, AppProcesses, AppReactions, AppRelays } from './app-groups.ts';

/** What an operator does with the reactions, processes, relays and consumers of an app. */
export function operationsOf({
  reactionRunner,
  processRunner,
  relayRunner,
  consumerRunner,
}: {
  readonly reactionRunner: ReactionRunner;
  readonly processRunner: ProcessRunner;
  readonly relayRunner: RelayRunner;
  readonly consumerRunner: ConsumerRunner;
}): {
  readonly reactions: AppReactions;
  readonly processes: AppProcesses;
  readonly relays: AppRelays;
  readonly consumers: AppConsumers;
} {
  return {
    reactions: {
      status: reactionRunner.status.bind(reactionRunner),
      waitFor: reactionRunner.waitFor.bind(reactionRunner),
      whenCaughtUp: reactionRunner.whenCaughtUp.bind(reactionRunner),
      resume: reactionRunner.resume.bind(reactionRunner),
      reset: reactionRunner.reset.bind(reactionRunner),
      parked: reactionRunner.parked,
    },
    processes: {
      status: processRunner.status.bind(processRunner),
      waitFor: processRunner.waitFor.bind(processRunner),
      whenCaughtUp: processRunner.whenCaughtUp.bind(processRunner),
      resume: processRunner.resume.bind(processRunner),
      parked: processRunner.parked,
      instances: processRunner.instances.bind(processRunner),
      load: processRunner.load.bind(processRunner),
      whenEnded: processRunner.whenEnded.bind(processRunner),
      pauseInstance: processRunner.pauseInstance.bind(processRunner),
      resumeInstance: processRunner.resumeInstance.bind(processRunner),
      cancel: processRunner.cancel.bind(processRunner),
      retry: processRunner.retry.bind(processRunner),
      abandon: processRunner.abandon.bind(processRunner),
      move: processRunner.move.bind(processRunner),
      fork: processRunner.fork.bind(processRunner),
    },
    relays: {
      status: relayRunner.status.bind(relayRunner),
      waitFor: relayRunner.waitFor.bind(relayRunner),
      whenCaughtUp: relayRunner.whenCaughtUp.bind(relayRunner),
      resume: relayRunner.resume.bind(relayRunner),
      pause: relayRunner.pause.bind(relayRunner),
      rewind: relayRunner.rewind.bind(relayRunner),
      parked: relayRunner.parked,
    },
    consumers: {
      status: consumerRunner.status.bind(consumerRunner),
      waitFor: consumerRunner.waitFor.bind(consumerRunner),
      resume: consumerRunner.resume.bind(consumerRunner),
      parked: consumerRunner.parked.bind(consumerRunner),
    },
  };
}
