import { WebSocketManager, getWebSocketManager } from '../../frontend/services';
import * as services from '../../frontend/services';
import { getWebSocketManager as get } from '../../frontend/services/manager';
import { Hub } from './registries';

let hub: Hub | null = null;

export function createWebSocketManager() { // finds: factory-definition
  return new WebSocketManager();
}

export const makeHub = () => new Hub(); // finds: factory-definition

export function theHub(): Hub { // finds: factory-definition
  if (!hub) hub = new Hub();
  return hub;
}

export const useWebSocketManager = () => getWebSocketManager(); // finds: factory-definition, accessor-use

export async function later(): Promise<WebSocketManager> { // finds: factory-definition
  const { WebSocketManager: Late } = await import('../../frontend/services/manager'); // finds: manager-alias
  return new Late();
}

export class Container {
  private static only?: Hub;

  static get hub() { // finds: factory-definition
    return (this.only ??= new Hub());
  }

  make() { // finds: factory-definition
    return new WebSocketManager();
  }
}

export class WebSocketManagerFactory { // finds: factory-definition
  create() {
    return new WebSocketManager();
  }
}

export function sends(user: string) {
  getWebSocketManager().send(user, 'x'); // finds: accessor-use
  get().send(user, 'x'); // finds: accessor-use
  services.getWebSocketManager().send(user, 'x'); // finds: accessor-use
  const manager = getWebSocketManager(); // finds: accessor-use
  manager.close(user);
}

export function uses(user: string) {
  const manager = new WebSocketManager();
  manager.send(user, 'new WebSocketManager()');
  return user;
}

export function shadowed(getWebSocketManager: () => { close(): void }) {
  getWebSocketManager().close();
}

export const told = 'return new WebSocketManager() or getWebSocketManager()';
