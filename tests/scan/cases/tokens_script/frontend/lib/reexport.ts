export { jwtDecode as look } from 'jwt-decode'; // finds: jwt-import
