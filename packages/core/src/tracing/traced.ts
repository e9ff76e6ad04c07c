/** The part of Node's `TracingChannel` that is used here; this package compiles without any platform's types. */
export interface TracingChannelLike<TMessage> {
  readonly hasSubscribers: boolean;
  tracePromise<TResult>(work: () => Promise<TResult>, message: TMessage): Promise<TResult>;
}

/**
 * Runs work and publishes it on a tracing channel. Without a subscriber it costs one property read: no message is made
 * and no promise is added.
 *
 * @param work what is traced
 * @param messageOf makes the message; called only when there is a subscriber
 * @param complete adds the outcome to the message before `asyncEnd` is published
 */
export function traced<TMessage extends object, TResult>(
  channel: TracingChannelLike<NoInfer<TMessage>>,
  work: () => Promise<TResult>,
  messageOf: () => TMessage,
  complete: (message: TMessage, result: TResult) => void,
): Promise<TResult> {
  return channel.hasSubscribers ? publish(channel, work, messageOf(), complete) : work();
}

async function publish<TMessage extends object, TResult>(
  channel: TracingChannelLike<TMessage>,
  work: () => Promise<TResult>,
  message: TMessage,
  complete: (message: TMessage, result: TResult) => void,
): Promise<TResult> {
  const outcomes: PromiseSettledResult<TResult>[] = [];
  // Node adds what this promise resolves to as `result` to the message. Results carry event data, which stays out.
  const tracedWork = async () => {
    try {
      const value = await work();
      outcomes.push({ status: 'fulfilled', value });
      complete(message, value);
    } catch (reason) {
      outcomes.push({ status: 'rejected', reason });
      throw reason;
    }
  };
  try {
    await channel.tracePromise(tracedWork, message);
  } catch (error) {
    // A subscriber that freezes the message makes publishing fail. The outcome of the work stays what it was.
    if (outcomes.length === 0) throw error;
  }
  const outcome = outcomes[0]!;
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
