import jsonwebtoken from 'jsonwebtoken'; // finds: jwt-import

export const check = jsonwebtoken.verify;
export const mint = jsonwebtoken.sign;
export const look = jsonwebtoken.decode;
export default jsonwebtoken;
