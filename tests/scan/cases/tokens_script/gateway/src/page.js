import { jwtDecode as look } from 'jwt-decode'; // finds: jwt-import

export function show() { // finds: validator
  const claims = look(document.body.dataset.bearer); // finds: unverified-decode, frontend-decode
  return claims.sub;
}
