export { jwtVerify as verifyToken, SignJWT } from 'jose'; // finds: jwt-import
export * from './tokens';
export { default as library } from './tokens';
