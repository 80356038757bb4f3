export * from './vendors'; // finds: unresolvable-import
export const own = 1;
