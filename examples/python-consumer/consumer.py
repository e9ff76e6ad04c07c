"""Writes a line of an invoice for each message orders.line-added, once and in the order of its key. See README.md."""
import json, logging, os, random, re, signal, threading, time, urllib.parse
import pika, psycopg2
from psycopg2.extras import DictCursor

CONSUMER, SOURCE = os.environ.get("CONSUMER", "billing"), os.environ.get("SOURCE", "/shop/orders")
QUEUES = f"{os.environ.get('EXCHANGE', 'orders')}/{urllib.parse.quote(CONSUMER, safe='')}"
ATTEMPTS, FIRST_DELAY_MS = 5, float(os.environ.get("FIRST_DELAY_MS", "1000"))
TEXT, SEQUENCE = r"[^\ufffd]{1,300}", r"\d{16}(\.\d{3,16})?"
FORMS = {"specversion": r"1\.0", "source": TEXT, "id": TEXT, "type": TEXT, "partitionkey": TEXT, "lineage": TEXT,
         "sequence": SEQUENCE, "previous": f"({SEQUENCE})?"}
MESSAGE = "%(consumer)s, %(source)s, %(partitionkey)s, %(sequence)s, %(id)s, %(previous)s, %(lineage)s"
CONTENT = "%(attributes)s, %(body)s, %(content_type)s"
LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)  # the database, and not a message, is the cause
stopping, log = threading.Event(), logging.getLogger("consumer")


def add_line(cursor, data):
    cursor.execute("insert into invoice_lines (order_id, line, cents) values (%(orderId)s, %(line)s, %(cents)s)", data)


EFFECTS = {"orders.line-added": add_line}


def text_of(value):
    """As text that PostgreSQL can hold."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def read(attributes, body, content_type):
    """The parameters of the inbox's functions, for a CloudEvent. Raises ValueError when it is none of a relay."""
    event, data = attributes, lambda: json.loads(body)
    if (content_type or "").lower().startswith("application/cloudevents"):  # structured, otherwise binary
        document = json.loads(body)
        event, data = {name: text_of(document[name]) for name in document
                       if name != "data" and document[name] is not None}, lambda: document["data"]
    wrong = [name for name, form in FORMS.items() if not re.fullmatch(form, event.get(name, ""), re.ASCII)]
    if wrong or event["sequence"] <= event.get("previous", ""):
        raise ValueError("missing, or not as expected: " + ", ".join(wrong or ["previous"]))
    return {**event, "previous": event.get("previous"), "consumer": CONSUMER, "data": data,
            "attributes": json.dumps(attributes), "body": psycopg2.Binary(body), "content_type": content_type}


class Inbox:
    def __init__(self):
        self.connection, self.begun, self.sources = None, None, set()

    def call(self, function, parameters):
        """Calls a function in a transaction of its own."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(f"select * from leftfold_inbox.{function}", parameters)
            return cursor.fetchone()

    def deliver(self, attributes, body, content_type, redelivered):
        """When it returns, the message is handled or set aside."""
        try:
            event = read(attributes, body, content_type)
            if event["source"] != SOURCE:
                raise ValueError("its source is another one")
        except (ValueError, AttributeError, TypeError) as error:
            log.warning("kept what is no message: %s", error)
            content = (json.dumps(attributes), psycopg2.Binary(body), content_type)
            return self.call("keep_unplaced(%s, %s, %s, %s, %s)", (CONSUMER, *content, text_of(str(error))))
        if SOURCE not in self.sources:
            self.call("begin_source(%(consumer)s, %(source)s, %(sequence)s)", event)
            self.sources.add(SOURCE)
        attempts = None
        if redelivered and self.begun != event["id"]:  # it may have ended another process
            place = "%(consumer)s, %(source)s, %(partitionkey)s, %(sequence)s"
            [attempts] = self.call(f"begin_attempt({place})", event)
        if self.handle(event, attempts or 1):
            self.continue_due()

    def handle(self, event, attempts, from_aside=False):
        """Returns whether messages of the key were set aside, which may follow now."""
        self.begun = event["id"]
        try:
            if attempts > ATTEMPTS:
                raise ValueError("the process ended each time while it was handled")
            with self.connection, self.connection.cursor() as cursor:
                parameters = {**event, "from_aside": from_aside}
                cursor.execute(f"select * from leftfold_inbox.receive({MESSAGE}, %(from_aside)s)", parameters)
                verdict, blocked = cursor.fetchone()
                if verdict == "apply":
                    EFFECTS[event["type"]](cursor, event["data"]())
                elif verdict != "duplicate":
                    parameters = {**event, "verdict": verdict}
                    cursor.execute(f"select leftfold_inbox.set_aside({MESSAGE}, %(verdict)s, {CONTENT})", parameters)
            return blocked is not None and verdict in ("apply", "duplicate")
        except LOST:
            raise
        except Exception as error:  # of the effect: nothing of it was done
            again = attempts < ATTEMPTS and not isinstance(error, (KeyError, ValueError))
            log.warning("%s %s: %s", "failed:" if again else "parked:", event["id"], type(error).__name__)
            delay = min(60_000, FIRST_DELAY_MS * 2 ** (attempts - 1)) * random.uniform(0.5, 1)
            failure = {"failure": text_of(repr(error)), "attempts": attempts, "delay": delay if again else None}
            failed = "%(type)s, null, %(failure)s, %(attempts)s, %(delay)s"
            self.call(f"record_failure({MESSAGE}, {CONTENT}, {failed})", {**event, **failure})

    def continue_due(self):
        """Handles messages that were set aside, by this or by another process, and whose time has come."""
        while not stopping.is_set() and (due := self.call("take_due(%s)", (CONSUMER,))) is not None:
            event = read(due["attributes"], bytes(due["body"]), due["content_type"])
            self.handle(event, due["attempts"], from_aside=True)


def run(inbox, broker):
    channel = broker.channel()
    channel.basic_qos(prefetch_count=32)  # of each queue

    def on_message(_, method, properties, body):
        if stopping.is_set():
            return  # not acknowledged: another process gets it
        headers = properties.headers or {}
        attributes = {name[12:].lower(): text_of(headers[name]) for name in headers if re.match("cloudEvents[_:]", name)}
        redelivered = method.redelivered or headers.get("x-delivery-count", 0) != 0
        inbox.deliver(attributes, body, properties.content_type, redelivered)
        channel.basic_ack(method.delivery_tag)

    for number in range(8):
        channel.basic_consume(f"{QUEUES}/{number}", on_message)
    log.info("started")
    while not stopping.is_set():
        broker.process_data_events(time_limit=0.5)
        inbox.continue_due()


def main():
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stopping.set())
    inbox, failures = Inbox(), 0
    while not stopping.is_set():
        began = time.monotonic()
        try:
            inbox.connection = psycopg2.connect(os.environ["DATABASE_URL"], cursor_factory=DictCursor, application_name=CONSUMER,
                                                connect_timeout=10, keepalives_idle=10, tcp_user_timeout=30_000)
            inbox.connection.set_session(isolation_level="READ COMMITTED")
            with pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"])) as broker:
                run(inbox, broker)
        except (*LOST, pika.exceptions.AMQPError, OSError) as error:
            failures = 1 if time.monotonic() - began > 60 else failures + 1
            log.warning("connects again after %s", type(error).__name__)
            stopping.wait(min(30, 0.25 * 2 ** failures) * random.uniform(0.5, 1))
        finally:
            if inbox.connection is not None:
                inbox.connection.close()


if __name__ == "__main__":
    main()
