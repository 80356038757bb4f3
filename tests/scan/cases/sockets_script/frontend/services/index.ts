export { WebSocketManager, getWebSocketManager } from './manager';
export { Hub as RoomSocketManager } from '../../gateway/src/registries'; // finds: manager-alias
