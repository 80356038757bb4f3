import { SocketManager } from '../lib'; // finds: legacy-import
import { SocketManager as Short } from '@/lib/old'; // finds: legacy-import, manager-alias
import { version } from '../lib/old';
import { QueueSocketManager } from 'some-library';

export const used = [SocketManager, Short, version, QueueSocketManager];
