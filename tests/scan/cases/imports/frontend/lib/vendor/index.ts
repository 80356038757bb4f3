export const bought = 1;
