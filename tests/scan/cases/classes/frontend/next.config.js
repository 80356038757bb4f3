const secret = process.env.JWT_SECRET; // finds: key-read (tooling)

module.exports = { env: { secret } };
