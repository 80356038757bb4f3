export class SocketManager { // finds: socket-manager-namesake
  name = 'old';
}

export const version = 1;
