import { jwtDecode } from 'jwt-decode'; // finds: jwt-import

export const Widget = ({ token }) => <b>{jwtDecode(token).sub}</b>; // finds: unverified-decode, frontend-decode, validator
