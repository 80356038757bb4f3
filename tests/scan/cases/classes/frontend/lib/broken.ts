import jwt from 'jsonwebtoken'; // finds: jwt-import

export const before = (token: string) => jwt.verify(token, 'k'); // finds: verified-decode, frontend-decode, validator

export const broken = ((;

export const after = 1;
