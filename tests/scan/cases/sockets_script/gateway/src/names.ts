import { WebSocketManager } from '../../frontend/services';
import { WebSocketManager as Short } from '../../frontend/services/manager'; // finds: manager-alias
import { ByUser as UserSocketManager } from './registries'; // finds: manager-alias
import { Hub } from './registries';
import { Plain } from './plain';

export const UnifiedWebSocketManager = WebSocketManager; // finds: manager-alias
export const PlainWebSocketManager = Plain; // finds: manager-alias
export type TypeOfManager = WebSocketManager; // finds: manager-alias
export { Hub as PeerSocketManager }; // finds: manager-alias
export { Short, UserSocketManager };

export interface IWebSocketManager { // finds: socket-manager-namesake
  send(user: string, text: string): void;
}

export enum WebSocketManagerState { // finds: socket-manager-namesake
  Open,
  Closed,
}

export abstract class BaseWebSocketManager { // finds: socket-manager-namesake
  abstract send(user: string, text: string): void;
}

export class OldWebSocketManager extends WebSocketManager {} // finds: socket-manager-namesake

export class MockWebSocketManager { // finds: socket-manager-namesake
  sockets = new Map<string, WebSocket>();
}

export const AnonymousWebSocketManager = class { // finds: socket-manager-namesake
  send() {
    return false;
  }
};

export const instance = new WebSocketManager();
export const NoWebSocketManager = null;
export let later: WebSocketManager | undefined;
export const names = ['WebSocketManager', 'IWebSocketManager'];
// export const CommentedWebSocketManager = WebSocketManager;
