import { WebSocket as Peer, WebSocketServer } from 'ws';
import type { Socket } from 'socket.io';

export class Hub { // finds: socket-manager
  private peers = new Set<Peer>();

  shout(text: string) {
    for (const peer of this.peers) peer.send(text); // finds: socket-send
    this.peers.forEach((peer) => peer.close()); // finds: socket-close
  }
}

export class ByUser { // finds: socket-manager
  private readonly byUser: Map<string, Peer[]> = new Map();
}

export class ByRecord { // finds: socket-manager
  sockets: Record<string, WebSocket> = {};
}

export class Added { // finds: socket-manager
  private list: any[] = [];

  add(ws: Peer) {
    this.list.push(ws);
  }
}

export class Put { // finds: socket-manager
  private all: { [id: string]: unknown } = {};

  put(id: string, socket: WebSocket) {
    this.all[id] = socket;
  }
}

export class OfSocketIo { // finds: socket-manager
  constructor(private readonly sockets: Map<string, Socket> = new Map()) {}
}

interface Connection {
  user: string;
  socket: WebSocket;
}

export class OfRecords { // finds: socket-manager
  private connections = new Map<string, Connection>();

  send(id: string, text: string) {
    this.connections.get(id)?.socket.send(text); // finds: socket-send
  }
}

export class FromServer { // finds: socket-manager
  private clients = new Set();

  constructor(server: WebSocketServer) {
    server.on('connection', (ws) => {
      this.clients.add(ws);
      ws.on('message', (data) => this.all(data)); // finds: socket-receive
    });
  }

  private all(data: unknown) {
    return data;
  }
}

export const clients = new Set<Peer>(); // finds: socket-manager

export class OneSocket {
  private ws?: WebSocket;

  open(url: string) {
    this.ws = new WebSocket(url);
    this.ws.onmessage = ({ data }) => console.log(data); // finds: socket-receive
  }

  send(text: string) {
    this.ws?.send(text); // finds: socket-send
  }

  close() {
    this.ws?.close(); // finds: socket-close
  }
}

export class Counts {
  private sockets = new Map<string, number>();
  private handlers = new Map<string, (event: MessageEvent) => void>();
  private queue: string[] = [];

  seen(ws: Peer) {
    this.sockets.set(ws.url, (this.sockets.get(ws.url) ?? 0) + 1);
  }
}

export class Hubs {
  private hubs = new Map<string, Hub>();
}

/** class Commented { sockets = new Map<string, WebSocket>() } */
export const TEXT = 'class Quoted { sockets = new Map<string, WebSocket>() }';
