const codec = {
  verify: (text: string) => text.length > 0,
  decode: (text: string) => text,
};

export const verify = codec.verify;
export const decodeJwt = codec.decode;
export default codec;
