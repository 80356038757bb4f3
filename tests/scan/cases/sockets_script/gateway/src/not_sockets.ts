import { EventEmitter } from 'node:events';
import net from 'node:net';

// ws.send(text); ws.close();
const code = 'ws.onmessage = (event) => ws.send(event.data)';

export function express(request: any, response: any) {
  response.send('x');
  response.close?.();
  request.on('message', () => response.end(code));
}

export function browser(worker: Worker, port: MessagePort, source: EventSource) {
  window.addEventListener('message', (event) => console.log(event.data));
  window.onmessage = null;
  worker.onmessage = (event) => console.log(event.data);
  worker.addEventListener('message', () => undefined);
  worker.postMessage('x');
  port.onmessage = () => port.close();
  source.onmessage = () => source.close();
  const request = new XMLHttpRequest();
  request.send('x');
  new BroadcastChannel('x').onmessage = () => undefined;
  navigator.serviceWorker.addEventListener('message', () => undefined);
}

export function node() {
  const emitter = new EventEmitter();
  emitter.emit('chat', 'x');
  emitter.on('message', () => undefined);
  process.on('message', () => process.send?.('x'));
  const socket = net.connect(80);
  socket.end('x');
  const dialog = { close: () => undefined, accept: () => undefined, send: (_: string) => undefined };
  dialog.close();
  dialog.accept();
  dialog.send('x');
}

export function mail(transport: { send(text: string): void; close(): void }) {
  transport.send('x');
  transport.close();
}

export function shadowed(WebSocket: new (url: string) => { send(text: string): void }) {
  new WebSocket('x').send('y');
}
