export * from './vendor';
export * from './helpers';
export const own = 1;
