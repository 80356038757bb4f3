import type WebSocket from 'ws';
import { getWebSocketManager } from '../../frontend/services';
import { createWebSocketManager } from './factories'; // finds: legacy-import

export function reply(ws: WebSocket, text: string) {
  ws.send(text); // finds: socket-send
}

export async function close(sockets: WebSocket[]) {
  for (const one of sockets) one.close(); // finds: socket-close
  await Promise.all(sockets.map(async (one) => one.send('x'))); // finds: socket-send
}

export const listen = (socket: globalThis.WebSocket) => {
  socket.onmessage = () => undefined; // finds: socket-receive
  socket.close(); // finds: socket-close
};

export const handlers = {
  open(ws: WebSocket) {
    getWebSocketManager().send('a', 'x'); // finds: accessor-use
    ws.ping();
  },
  all: () => createWebSocketManager().close('a'),
};
