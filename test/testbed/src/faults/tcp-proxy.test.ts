import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TcpProxy } from './tcp-proxy.ts';

// Answers every piece that it gets with the same in capitals.
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (sent) => {
    received += sent.toString();
    socket.write(sent.toString().toUpperCase());
  });
});
let received = '';
let address = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `postgres://127.0.0.1:${(server.address() as AddressInfo).port}/database`;
});

afterAll(() => server.close());

async function startProxy(): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(address);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

async function connectTo(proxy: TcpProxy): Promise<Socket> {
  const socket = connect(Number(new URL(proxy.connectionString).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describe('a proxy', () => {
  test('passes on what is sent and what is answered', async () => {
    const proxy = await startProxy();
    expect(new URL(proxy.connectionString).pathname).toBe('/database');
    expect(await ask(await connectTo(proxy), 'one')).toBe('ONE');
  });

  test('that disconnects breaks every connection and accepts new ones', async () => {
    const proxy = await startProxy();
    const broken = await connectTo(proxy);
    await ask(broken, 'one');
    proxy.disconnect();
    await once(broken, 'close');
    expect(await ask(await connectTo(proxy), 'two')).toBe('TWO');
  });

  test('that is cut refuses connections until it is restored, at the same address', async () => {
    const proxy = await startProxy();
    const broken = await connectTo(proxy);
    await ask(broken, 'one');
    await Promise.all([once(broken, 'close'), proxy.cut()]);
    await proxy.cut();
    await expect(connectTo(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.restore();
    expect(await ask(await connectTo(proxy), 'two')).toBe('TWO');
  });

  test('that stalls holds back both directions, and delivers everything when it is restored', async () => {
    const proxy = await startProxy();
    const before = await connectTo(proxy);
    await ask(before, 'one');
    received = '';
    proxy.stall();
    const during = await connectTo(proxy);
    const answers = [ask(before, 'two'), ask(during, 'three')];
    // A connection past the proxy has its answer; those through it would have theirs by now.
    const direct = connect(Number(new URL(address).port), '127.0.0.1');
    onTestFinished(() => void direct.destroy());
    expect(await ask(direct, 'direct')).toBe('DIRECT');
    expect(received).toBe('direct');
    await proxy.restore();
    expect(await Promise.all(answers)).toEqual(['TWO', 'THREE']);
  });

  test('swallows what vanished hosts send, their end included, and no other connection', async () => {
    const proxy = await startProxy();
    const gone = await connectTo(proxy);
    await ask(gone, 'one');
    received = '';
    let answer = '';
    gone.on('data', (data: Buffer) => (answer += data.toString()));
    const bury = proxy.vanish();
    gone.write('two');
    expect(await ask(await connectTo(proxy), 'three')).toBe('THREE');
    expect([received, answer, gone.destroyed]).toEqual(['three', '', false]);
    const closed = once(gone, 'close');
    expect(bury()).toBe(1);
    await closed;
  });

  test('that loses answers delivers what is sent, and breaks the connection when it is restored', async () => {
    const proxy = await startProxy();
    const deaf = await connectTo(proxy);
    const untouched = await connectTo(proxy);
    await ask(deaf, 'one');
    await ask(untouched, 'one');
    received = '';
    proxy.loseAnswers();
    let answer = '';
    deaf.on('data', (data: Buffer) => (answer += data.toString()));
    deaf.write('two');
    while (received === '') await new Promise((resolve) => setImmediate(resolve));
    // The answer follows what was received: once the server has answered another connection, it was lost.
    const other = await connectTo(proxy);
    other.write('three');
    while (received !== 'twothree') await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([once(deaf, 'close'), proxy.restore()]);
    expect(answer).toBe('');
    expect(await ask(untouched, 'four')).toBe('FOUR');
  });

  test('loses the answer to one statement together with its connection, and no other', async () => {
    const proxy = await startProxy();
    const [first, second] = [await connectTo(proxy), await connectTo(proxy)];
    const lost = proxy.loseAnswerTo('commit');
    received = '';
    expect(await ask(first, 'insert')).toBe('INSERT');
    second.write('commit');
    await Promise.all([lost, once(second, 'close')]);
    expect(received).toBe('insertcommit');
    expect(await ask(first, 'commit')).toBe('COMMIT');
  });
});
