import { jwtDecode } from 'jwt-decode'; // finds: jwt-import (test)

export const claims = jwtDecode('x'); // finds: unverified-decode (test), frontend-decode (test)
