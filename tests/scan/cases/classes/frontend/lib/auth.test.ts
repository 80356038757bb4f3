import jwt from 'jsonwebtoken'; // finds: jwt-import (test)

jest.mock('jsonwebtoken');

export const token = jwt.sign({ sub: 'a' }, 'k'); // finds: encode (test)
