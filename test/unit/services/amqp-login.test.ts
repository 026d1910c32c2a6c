import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { acceptsAmqpLogin } from '../../../src/services/amqp-login.ts';

/** A connection method without arguments, as a frame. */
function connectionMethod(method: number): Buffer {
  return Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, method, 0xce]);
}

/** Serves `answer` on a port; gives what a login there says. */
async function login(answer: (socket: Socket) => void): Promise<boolean> {
  const server = createServer((socket) => answer(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return await acceptsAmqpLogin({ host: '127.0.0.1', port, user: 'guest', password: 'secret' });
}

it('a server that answers the login with connection.tune accepts it', async () => {
  let startOk = Buffer.alloc(0);
  const accepted = await login((socket) => {
    socket.once('data', () => {
      socket.write(connectionMethod(10));
      socket.once('data', (data) => {
        startOk = data;
        socket.write(connectionMethod(30));
      });
    });
  });
  expect(accepted).toBe(true);
  expect(startOk.toString('latin1')).toContain('\0guest\0secret');
});

it('a frame that arrives in pieces is put together', async () => {
  const accepted = await login((socket) => {
    socket.once('data', () => {
      socket.setNoDelay(true).write(connectionMethod(10).subarray(0, 5));
      setTimeout(() => socket.write(connectionMethod(10).subarray(5)), 20);
      setTimeout(() => socket.write(connectionMethod(30)), 60);
    });
  });
  expect(accepted).toBe(true);
});

it('a server that closes the connection on the login refuses it', async () => {
  const refuse = (socket: Socket) => {
    socket.once('data', () => {
      socket.write(connectionMethod(10));
      socket.once('data', () => socket.end());
    });
  };
  expect(await login(refuse)).toBe(false);
});

it('a server that speaks something else is no broker', async () => {
  expect(await login((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBe(false);
});

it('a port where nobody listens is no broker', async () => {
  expect(await acceptsAmqpLogin({ host: '127.0.0.1', port: 1, user: 'guest', password: 'guest' })).toBe(
    false,
  );
});
