export class WebSocketManager { // finds: socket-manager (canonical)
  private readonly sockets = new Map<string, WebSocket>();

  connect(user: string, url: string) {
    const socket = new WebSocket(url);
    socket.onmessage = (event) => this.handle(event); // finds: socket-receive (canonical)
    this.sockets.set(user, socket);
  }

  send(user: string, text: string) {
    this.sockets.get(user)?.send(text); // finds: socket-send (canonical)
  }

  close(user: string) {
    this.sockets.get(user)?.close(1000); // finds: socket-close (canonical)
  }

  private handle(event: MessageEvent) {
    return event.data;
  }
}

let manager: WebSocketManager | undefined;

export function getWebSocketManager() { // finds: factory-definition (canonical)
  manager ??= new WebSocketManager();
  return manager;
}
