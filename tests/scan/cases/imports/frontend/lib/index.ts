export { SocketManager } from './old'; // finds: legacy-import
export * from './helpers';
