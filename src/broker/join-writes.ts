import type { Duplex } from 'node:stream';

/**
 * Lets a socket send in one system call what is written to it in one go: amqplib writes every frame by
 * itself, and a call costs ten times as much as the frame.
 */
export function joinWrites(socket: Duplex): void {
  const { write } = socket;
  let isJoining = false;
  socket.write = (...frame: unknown[]): boolean => {
    if (!isJoining) {
      isJoining = true;
      socket.cork();
      process.nextTick(() => {
        isJoining = false;
        socket.uncork();
      });
    }
    return Reflect.apply(write, socket, frame);
  };
}
