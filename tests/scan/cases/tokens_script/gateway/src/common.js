const jwt = require('jsonwebtoken'); // finds: jwt-import
const { verify, sign: pack } = require('jsonwebtoken'); // finds: jwt-import
const decodeIt = require('jwt-decode').default; // finds: jwt-import
const simple = require('jwt-simple'); // finds: jwt-import

function check(token) { // finds: validator
  return jwt.verify(token, 'k'); // finds: verified-decode
}

const alsoChecks = function (token) { // finds: validator
  return verify(token, 'k'); // finds: verified-decode
};

function looks(token) { // finds: validator
  return decodeIt(token); // finds: unverified-decode
}

function simply(token) { // finds: validator
  return simple.decode(token, 'k'); // finds: verified-decode
}

function simplyNot(token) { // finds: validator
  return simple.decode(token, 'k', true); // finds: unverified-decode
}

exports.mint = (sub) => pack({ sub }, 'k'); // finds: encode
exports.simplyMint = (sub) => simple.encode({ sub }, 'k'); // finds: encode
exports.late = async (token) => { // finds: validator
  const jose = await import('jose'); // finds: jwt-import
  return jose.jwtVerify(token, 'k'); // finds: verified-decode
};
exports.later = (token) => // finds: validator
  import('jose').then(({ jwtVerify }) => jwtVerify(token, 'k')); // finds: verified-decode, jwt-import
exports.inPlace = (token) => require('jsonwebtoken').decode(token); // finds: unverified-decode, jwt-import, validator

module.exports.check = check;
module.exports.alsoChecks = alsoChecks;
module.exports.others = { looks, simply, simplyNot };
