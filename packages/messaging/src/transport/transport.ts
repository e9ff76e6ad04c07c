/** A message as a transport carries it: a CloudEvent, with what decides where it goes. */
export interface OutgoingMessage {
  /** The CloudEvent's id: the same each time the message is sent. */
  readonly id: string;
  /** Messages with one key keep their order. */
  readonly key: string;
  /** The place of the message among those of its source: rises with each message, also as text. */
  readonly sequence: string;
  /** The context attributes of the CloudEvent, by name; sent as headers unless the content is structured. */
  readonly attributes: CloudEventAttributes;
  /** The body: the data as JSON, or the whole CloudEvent when it is structured. */
  readonly body: Uint8Array;
  /** `application/json`, or `application/cloudevents+json` when it is structured. */
  readonly contentType: string;
}

/** The context attributes of a CloudEvent, by name, each as text. */
export type CloudEventAttributes = Readonly<Record<string, string>>;

/** What became of a message: undefined when the broker has it, or why it does not take it. */
export type PublishOutcome = Error | undefined;

/** Sends messages to a broker. */
export interface Publisher {
  /**
   * Sends messages in their order, as many at one time as the broker takes, and waits until it has confirmed each of them.
   *
   * After the first message of a key that is not taken, later ones of that key may be taken all the same; the caller sends
   * them again.
   *
   * @param onSent called when all of them are on their way, and messages of a later call cannot overtake those of their key:
   * that call may then begin, and fails with this one. A publisher that does not call it gets one call of a relay at a time.
   * @returns an outcome for each message, in the order of the messages
   * @throws TransportUnavailableError, TransportRefusedError: which of them the broker has is not known
   */
  publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
    onSent?: () => void,
  ): Promise<readonly PublishOutcome[]>;

  /**
   * Sends a message that reaches no consumer, and waits until the broker has confirmed it: being connected does not show
   * that messages are taken.
   *
   * @throws TransportUnavailableError, TransportRefusedError
   */
  check(signal: AbortSignal): Promise<void>;

  /** Ends the connection. Does not throw. */
  close(): Promise<void>;
}

/** A message that was received. */
export interface Delivery {
  /** As they came, in lower case, without a prefix of the transport; undefined in structured content. */
  readonly attributes: CloudEventAttributes;
  readonly body: Uint8Array;
  /** Undefined when there was none. */
  readonly contentType: string | undefined;
  /** Whether it may have been delivered before. */
  readonly redelivered: boolean;
  /** Tells the broker that the message is handled. Does nothing after the connection is lost: it is delivered again. */
  acknowledge(): void;
}

/** What receives the messages of a transport. */
export interface ReceiverOptions {
  /** Whose messages: receivers with one name share them, others have their own. */
  readonly consumer: string;
  /** Most messages that were delivered and not acknowledged. */
  readonly prefetch: number;
  /** Called for each message, in the order of each key. */
  readonly onDelivery: (delivery: Delivery) => void;
  /** Called once, when no further message comes: what was not acknowledged is delivered again. */
  readonly onLost: (error: Error) => void;
}

/** Receives messages until it is closed. */
export interface Receiver {
  /** Ends the connection. Messages that were not acknowledged are delivered again. Does not throw. */
  close(): Promise<void>;
}

/** A message broker, or what stands in for one. It makes no connection by itself. */
export interface Transport {
  /** For messages and status: what it is, without a password, such as `rabbitmq exchange "shop"`. */
  readonly name: string;

  /** @throws TransportUnavailableError, TransportRefusedError */
  openPublisher(): Promise<Publisher>;

  /** @throws TransportUnavailableError, TransportRefusedError */
  openReceiver(options: ReceiverOptions): Promise<Receiver>;
}
